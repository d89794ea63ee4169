import { useMemo } from "react";
import { AnsiText } from "./AnsiText";
import { ansiChunks } from "./ansi";
import { CHUNK_CHARACTERS } from "./chunks";
import { CHUNK_STYLE } from "./LongText";

/** All of a command's output. The ground is dark in both themes, as the colours were chosen for one. */
export function Terminal({ text }: { text: string }) {
  return (
    <pre className="sr-terminal">
      {text.length > CHUNK_CHARACTERS * 2 ? (
        <Chunks text={text} />
      ) : (
        <AnsiText text={text} ground="terminal" />
      )}
    </pre>
  );
}

function Chunks({ text }: { text: string }) {
  const chunks = useMemo(() => ansiChunks(text, CHUNK_CHARACTERS), [text]);
  return chunks.map((runs, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a stored text never change
    <span key={index} className="sr-chunk" style={CHUNK_STYLE}>
      <AnsiText runs={runs} ground="terminal" />
    </span>
  ));
}
