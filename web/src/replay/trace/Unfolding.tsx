import { type ReactNode, useEffect, useId, useRef, useState } from "react";

interface Props {
  /** What the button is called. */
  label: string;
  title?: string;
  className: string;
  button: ReactNode;
  children: ReactNode;
}

/** A button with a small panel below it; closes on Escape, outside, and when the focus leaves. */
export function Unfolding({ label, title, className, button, children }: Props) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const panel = useId();

  useEffect(() => {
    if (!open) return;
    const close = (event: Event) => {
      if (event.target instanceof Node && !whole.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("focusin", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("focusin", close);
    };
  }, [open]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears what its button and panel do not answer
    <div
      ref={whole}
      className="sr-unfolding"
      onKeyDown={(event) => {
        if (!open || event.key !== "Escape") return;
        event.preventDefault();
        setOpen(false);
        opener.current?.focus();
      }}
    >
      <button
        ref={opener}
        type="button"
        className={className}
        aria-label={label}
        aria-expanded={open}
        aria-controls={open ? panel : undefined}
        title={title}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <section id={panel} className="sr-unfolded" aria-label={label}>
          {children}
        </section>
      )}
    </div>
  );
}
