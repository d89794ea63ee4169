import { useEffect, useId, useRef } from "react";
import { KeyRows, SingleKeySwitch } from "../shell/Keys";
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
      <SingleKeySwitch className="sr-keys-switch">
        <span>
          <b>Single-key shortcuts</b>
          <small>
            Switch them off if you dictate, or press keys by accident. <kbd>?</kbd>, <kbd>Enter</kbd> and{" "}
            <kbd>Esc</kbd> stay.
          </small>
        </span>
      </SingleKeySwitch>
      <div className={single === "on" ? "sr-keys-groups" : "sr-keys-groups sr-keys-off"}>
        {KEY_GROUPS.map((group) => (
          <section key={group} aria-labelledby={`${id}-${group}`}>
            <h3 id={`${id}-${group}`}>{group}</h3>
            <KeyRows rows={KEYS.filter((key) => key.group === group)} />
          </section>
        ))}
      </div>
    </dialog>
  );
}
