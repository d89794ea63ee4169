import { type ReactNode, useRef } from "react";
import { RowButton } from "./RowButton";
import { useClipped } from "./useClipped";

interface Props {
  /** The preview itself ends before the entry does. */
  cut: boolean;
  words: string;
  reachable: boolean;
  more: () => void;
  children: ReactNode;
}

/** The beginning of an entry, with a way to all of it where something is left out. */
export function Clamped({ cut, words, reachable, more, children }: Props) {
  const text = useRef<HTMLDivElement>(null);
  const clipped = useClipped(text, !cut);
  return (
    <div className="sr-text" ref={text}>
      {children}
      {(cut || clipped) && (
        <span className="sr-more">
          <RowButton tabIndex={reachable ? 0 : -1} act={more}>
            {words}
          </RowButton>
        </span>
      )}
    </div>
  );
}
