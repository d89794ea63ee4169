import { type ReactNode, useCallback, useEffect, useId, useRef, useState } from "react";
import "./Popup.css";

interface Props {
  /** What the panel is, for those who do not see it. */
  label: string;
  /** What the button shows. */
  trigger: ReactNode;
  /** Where the button shows only a sign. */
  triggerLabel?: string;
  className?: string;
  /** The panel; it is given the way to close itself. */
  children: (close: () => void) => ReactNode;
}

/** A button with a panel beneath it, which Escape, a click beside it or leaving it with Tab closes. */
export function Popup({ label, trigger, triggerLabel, className, children }: Props) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();

  const close = useCallback(() => {
    setOpen(false);
    button.current?.focus();
  }, []);

  useEffect(() => {
    if (!open) return;
    const first = panel.current?.querySelector<HTMLElement>(
      "[data-autofocus], button:enabled, input:enabled",
    );
    first?.focus();
    const abort = new AbortController();
    const leave = ({ target }: Event) => {
      // What was clicked may be gone from the page by now: then it was inside.
      if (target instanceof Node && target.isConnected && !box.current?.contains(target)) setOpen(false);
    };
    for (const kind of ["pointerdown", "focusin"]) {
      document.addEventListener(kind, leave, { signal: abort.signal });
    }
    // Of the document: what had the focus in the panel may be gone, and the focus with it.
    const onKeyDown = (event: KeyboardEvent) => event.key === "Escape" && close();
    document.addEventListener("keydown", onKeyDown, { signal: abort.signal });
    return () => abort.abort();
  }, [open, close]);

  return (
    <div className="popup" ref={box}>
      <button
        ref={button}
        type="button"
        className={className === undefined ? "popup-button" : `popup-button ${className}`}
        aria-label={triggerLabel}
        title={triggerLabel}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => (open ? close() : setOpen(true))}
      >
        {trigger}
      </button>
      {open && (
        <div ref={panel} id={id} className="popup-panel" role="dialog" aria-label={label} tabIndex={-1}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
