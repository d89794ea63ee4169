import { useEffect, useRef } from "react";
import { KEYS } from "./keys";

/** The keys of the page, as a dialog. */
export function KeyList({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal?.();
  }, []);
  return (
    <dialog ref={dialog} className="sr-keys" aria-labelledby="sr-keys-title" onClose={onClose}>
      <header>
        <h2 id="sr-keys-title">Keys</h2>
        <button type="button" className="sr-button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      <dl>
        {KEYS.map(({ keys, does }) => (
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
    </dialog>
  );
}
