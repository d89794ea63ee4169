import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { address } from "../api/client";
import type { Preference } from "../preference";
import { theme } from "../theme/theme";
import { timeZone, zoneName } from "../timeZone";
import type { Crumb } from "./page";

// On a machine that keeps UTC itself the name would stand there twice.
const LOCAL = zoneName("local") === "UTC" ? "Local" : zoneName("local");
/** `Europe/`, which is left out where there is no room. */
const AREA = LOCAL.slice(0, LOCAL.lastIndexOf("/") + 1);

const LOCAL_SHOWN = (
  <span>
    <span className="zone-area">{AREA}</span>
    {LOCAL.slice(AREA.length)}
  </span>
);

interface Props {
  crumbs: Crumb[];
  /** Null where the page has no side navigation. */
  navigation: { open: boolean; toggle: () => void } | null;
}

export function TopBar({ crumbs, navigation }: Props) {
  return (
    <header className="top-bar">
      {navigation !== null && (
        <button
          type="button"
          className="top-bar-icon"
          aria-expanded={navigation.open}
          aria-label="Side navigation"
          title="Side navigation"
          onClick={navigation.toggle}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2 4h12M2 8h12M2 12h12" />
          </svg>
        </button>
      )}
      <Link to="/" className="product">
        <img src={address("icon.svg")} alt="" />
        <span className="product-name">Session Replay</span>
      </Link>
      <nav className="crumbs" aria-label="Breadcrumbs">
        <ol>
          {crumbs.map((crumb, index) => (
            <li key={crumb.text} title={crumb.text}>
              {index < crumbs.length - 1 ? (
                <Link to={crumb.href} search={crumb.search ?? {}}>
                  {crumb.text}
                </Link>
              ) : (
                <bdi aria-current="page">{crumb.text}</bdi>
              )}
            </li>
          ))}
        </ol>
      </nav>
      <Choices
        name="Time zone"
        className="time-zone"
        preference={timeZone}
        choices={{
          local: { label: `Local time, ${zoneName("local")}`, shown: LOCAL_SHOWN },
          utc: { label: "Coordinated universal time", shown: "UTC" },
        }}
      />
      <Choices
        name="Theme"
        preference={theme}
        choices={{
          system: { label: "Theme of the system", shown: icon("M2 3.5h12v7.5H2zM6 13.5h4M8 11v2.5") },
          light: {
            label: "Light",
            shown: icon(
              "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7",
            ),
          },
          dark: { label: "Dark", shown: icon("M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z") },
        }}
      />
    </header>
  );
}

interface ChoicesProps<Value extends string> {
  name: string;
  className?: string;
  preference: Preference<Value>;
  choices: Record<Value, { label: string; shown: ReactNode }>;
}

/** A choice of few, all of them on the screen. */
function Choices<Value extends string>({ name, className, preference, choices }: ChoicesProps<Value>) {
  const chosen = preference.use();
  return (
    <fieldset className={className === undefined ? "choices" : `choices ${className}`}>
      <legend className="visually-hidden">{name}</legend>
      {(Object.keys(choices) as Value[]).map((value) => (
        <label key={value} title={choices[value].label}>
          <input
            type="radio"
            name={name}
            aria-label={choices[value].label}
            checked={value === chosen}
            onChange={() => preference.set(value)}
          />
          {choices[value].shown}
        </label>
      ))}
    </fieldset>
  );
}

function icon(path: string) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
