import { useEffect, useId, useRef } from "react";
import { singleKeys } from "../shortcuts";
import { KEY_GROUPS, KEYS } from "./keys";

/** The keys of the page, as a dialog, with the switch that takes the single-character ones away. */
export function KeyList({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const single = singleKeys.use();
  useEffect(() => {
    dialog.current?.showModal?.();
  }, []);
  return (
    <dialog ref={dialog} className="sr-keys" aria-labelledby={`${id}-title`} onClose={onClose}>
      <header>
        <h2 id={`${id}-title`}>Keys</h2>
        <button type="button" className="sr-button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      <label className="sr-keys-switch">
        <input
          type="checkbox"
          role="switch"
          aria-checked={single === "on"}
          checked={single === "on"}
          onChange={(event) => singleKeys.set(event.target.checked ? "on" : "off")}
        />
        <span>
          <b>Single-key shortcuts</b>
          <small>
            Switch them off if you dictate, or press keys by accident. <kbd>?</kbd>, <kbd>Enter</kbd> and{" "}
            <kbd>Esc</kbd> stay.
          </small>
        </span>
      </label>
      <div className={single === "on" ? "sr-keys-groups" : "sr-keys-groups sr-keys-off"}>
        {KEY_GROUPS.map((group) => (
          <section key={group} aria-labelledby={`${id}-${group}`}>
            <h3 id={`${id}-${group}`}>{group}</h3>
            <dl>
              {KEYS.filter((key) => key.group === group).map(({ keys, does }) => (
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
        ))}
      </div>
    </dialog>
  );
}
