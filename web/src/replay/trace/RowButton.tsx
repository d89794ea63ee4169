import type { ReactNode } from "react";

interface Props {
  tabIndex: number;
  act: () => void;
  children: ReactNode;
}

/** A quiet control in a row, which a click does not select. */
export function RowButton({ tabIndex, act, children }: Props) {
  return (
    <button
      type="button"
      className="sr-link-button"
      tabIndex={tabIndex}
      onClick={(event) => {
        event.stopPropagation();
        act();
      }}
    >
      {children}
    </button>
  );
}
