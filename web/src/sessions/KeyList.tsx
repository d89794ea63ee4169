import { Dialog } from "../shell/Dialog";
import { KeyRows, SingleKeySwitch } from "../shell/Keys";
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
      <SingleKeySwitch className="key-switch">
        <span>
          Single-key shortcuts, here and on the page of a session
          <small>Switch them off if you dictate, or press keys by accident. ? stays.</small>
        </span>
      </SingleKeySwitch>
      <Keys name="This page" keys={KEYS} off={single === "off"} />
      <Keys name="On the days of the activity" keys={CALENDAR_KEYS} />
    </Dialog>
  );
}

function Keys({ name, keys, off = false }: { name: string; keys: typeof KEYS; off?: boolean }) {
  return (
    <section className={off ? "key-list key-list-off" : "key-list"} aria-label={name}>
      <h3>{name}</h3>
      <KeyRows rows={keys} />
    </section>
  );
}
