import { type CSSProperties, useMemo } from "react";
import { CHUNK_CHARACTERS, textChunks } from "./chunks";
import { VisibleText } from "./VisibleText";

const LINE_PX = 18;
const LINE_CHARACTERS = 60;

/** Plain text of any length: a long one in pieces that are laid out only where they are looked at. */
export function LongText({ text }: { text: string }) {
  const chunks = useMemo(() => textChunks(text), [text]);
  if (chunks.length === 1) return <VisibleText text={text} />;
  return chunks.map((chunk, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a stored text never change
    <span key={index} className="sr-chunk" style={CHUNK_STYLE}>
      <VisibleText text={chunk} />
    </span>
  ));
}

/** A guess of a piece's height, until it has been laid out once. */
export const CHUNK_STYLE: CSSProperties = {
  containIntrinsicBlockSize: `auto ${(CHUNK_CHARACTERS / LINE_CHARACTERS) * LINE_PX}px`,
};
