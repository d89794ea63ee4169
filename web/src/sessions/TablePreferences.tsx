import { Popup } from "../shell/Popup";
import { COLUMNS, type Column } from "./columns";
import { DENSITIES, density, useChosenColumns } from "./preferences";
import "./TablePreferences.css";

interface Props {
  /** The columns that are on the screen: others are chosen, but have no room. */
  shown: readonly Column[];
}

/** Which columns the table has and how tall its rows are; remembered by this browser. */
export function TablePreferences({ shown }: Props) {
  const [chosen, choose] = useChosenColumns();
  const rows = density.use();
  return (
    <Popup
      label="Table preferences"
      triggerLabel="Table preferences"
      className="header-icon"
      trigger={<Sliders />}
    >
      {() => (
        <div className="preferences">
          <fieldset>
            <legend>Columns</legend>
            <label className="preferences-fixed">
              <input type="checkbox" checked disabled /> Agent and project
            </label>
            {COLUMNS.map((column) => {
              const isChosen = chosen.has(column.key);
              return (
                <label key={column.key}>
                  <input
                    type="checkbox"
                    checked={isChosen}
                    onChange={() => choose(toggled(chosen, column.key))}
                  />
                  {column.label}
                  {isChosen && !shown.includes(column) && <small>no room at this width</small>}
                </label>
              );
            })}
          </fieldset>
          <fieldset>
            <legend>Rows</legend>
            {DENSITIES.map((one) => (
              <label key={one}>
                <input type="radio" name="density" checked={one === rows} onChange={() => density.set(one)} />
                {one === "comfortable" ? "Comfortable" : "Compact"}
              </label>
            ))}
          </fieldset>
        </div>
      )}
    </Popup>
  );
}

function toggled<Key>(keys: ReadonlySet<Key>, key: Key): ReadonlySet<Key> {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return next;
}

function Sliders() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d="M1.5 4.5h7M12.5 4.5h2M1.5 11.5h2M7.5 11.5h7M10.5 2.5v4M5.5 9.5v4" />
    </svg>
  );
}
