import { AnsiText } from "./AnsiText";

/** All of a command's output. The ground is dark in both themes, as the colours were chosen for one. */
export function Terminal({ text }: { text: string }) {
  return (
    <pre className="sr-terminal">
      <AnsiText text={text} ground="terminal" />
    </pre>
  );
}
