import { Dialog } from "../shell/Dialog";
import { singleKeys } from "../shortcuts";
import { CALENDAR_KEYS, KEYS } from "./keys";
import "./KeyList.css";

/** The keys of the list of sessions, with the switch that takes the single ones away. */
export function KeyList({ onClose }: { onClose: () => void }) {
  const single = singleKeys.use();
  return (
    <Dialog
      header="Keys"
      onClose={onClose}
      onSubmit={onClose}
      footer={
        <button type="submit" className="primary-button" data-autofocus>
          Done
        </button>
      }
    >
      <label className="key-switch">
        <input
          type="checkbox"
          role="switch"
          aria-checked={single === "on"}
          checked={single === "on"}
          onChange={(event) => singleKeys.set(event.target.checked ? "on" : "off")}
        />
        <span>
          Single-key shortcuts, here and on the page of a session
          <small>Switch them off if you dictate, or press keys by accident. ? stays.</small>
        </span>
      </label>
      <Keys name="This page" keys={KEYS} off={single === "off"} />
      <Keys name="On the days of the activity" keys={CALENDAR_KEYS} />
    </Dialog>
  );
}

function Keys({ name, keys, off = false }: { name: string; keys: typeof KEYS; off?: boolean }) {
  return (
    <section className={off ? "key-list key-list-off" : "key-list"} aria-label={name}>
      <h3>{name}</h3>
      <dl>
        {keys.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
