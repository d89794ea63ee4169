import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import "./Dialog.css";

interface Props {
  header: string;
  /** Its buttons; one of type `submit` is what Enter presses. */
  footer: ReactNode;
  onClose: () => void;
  onSubmit?: () => void;
  wide?: boolean;
  children: ReactNode;
}

/**
 * A window over the page, which cannot be used meanwhile; Escape closes it, and the focus goes back to where it was.
 *
 * What has `data-autofocus` is focused first.
 */
export function Dialog({ header, footer, onClose, onSubmit, wide = false, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown === null) return;
    // jsdom has no modal windows.
    if (shown.showModal === undefined) shown.setAttribute("open", "");
    else shown.showModal();
    shown.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => shown.close?.();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header>
          <h2 id={id}>{header}</h2>
          <button type="button" className="dialog-close" aria-label="Close" onClick={onClose}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M3 3l10 10M13 3 3 13" />
            </svg>
          </button>
        </header>
        <div className="dialog-body">{children}</div>
        <footer>{footer}</footer>
      </form>
    </dialog>
  );
}
