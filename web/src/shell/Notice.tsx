import type { ReactNode } from "react";
import "./Notice.css";

export type NoticeType = "success" | "info" | "warning" | "error";

interface Props {
  type: NoticeType;
  header?: ReactNode;
  children: ReactNode;
  action?: ReactNode;
  /** Given where the reader may put it away. */
  onDismiss?: () => void;
}

const SIGNS: Record<NoticeType, string> = {
  success: "M3 8.5 6.5 12 13 4.5",
  info: "M8 7v5M8 3.5v1.5",
  warning: "M8 3v6M8 11v1.5",
  error: "M4 4l8 8M12 4l-8 8",
};

/**
 * A message in a frame of its colour.
 *
 * Drawn without the component library: it must be there when nothing more can be loaded, and no page should wait
 * for that library because of it.
 */
export function Notice({ type, header, children, action, onDismiss }: Props) {
  return (
    <section
      className={`notice notice-${type}`}
      role={type === "error" ? "alert" : undefined}
      aria-label={type}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SIGNS[type]} />
      </svg>
      <div className="notice-words">
        {header && <strong>{header}</strong>}
        <div>{children}</div>
      </div>
      {action}
      {onDismiss && (
        <button type="button" className="notice-dismiss" aria-label="Dismiss message" onClick={onDismiss}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d={SIGNS.error} />
          </svg>
        </button>
      )}
    </section>
  );
}
