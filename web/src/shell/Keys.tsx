import type { ReactNode } from "react";
import { singleKeys } from "../shortcuts";

interface SwitchProps {
  className: string;
  /** What it is called. */
  children: ReactNode;
}

/** The switch that takes the shortcuts of one character away. */
export function SingleKeySwitch({ className, children }: SwitchProps) {
  const on = singleKeys.use() === "on";
  return (
    <label className={className}>
      <input
        type="checkbox"
        role="switch"
        aria-checked={on}
        checked={on}
        onChange={(event) => singleKeys.set(event.target.checked ? "on" : "off")}
      />
      {children}
    </label>
  );
}

/** What keys do, one line each. */
export function KeyRows({ rows }: { rows: readonly { keys: readonly string[]; does: string }[] }) {
  return (
    <dl>
      {rows.map(({ keys, does }) => (
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
  );
}
