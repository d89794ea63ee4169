import { memo, type ReactNode, useMemo } from "react";
import { LongText } from "./LongText";
import { COLOURED_CHARACTERS_MAX, colouredCode, type TreeNode, treeLines } from "./tree";
import { VisibleText } from "./VisibleText";

interface Props {
  text: string;
  language?: string | null;
}

/** Source text with syntax colours where its language is known. */
export const Code = memo(function Code({ text, language = null }: Props) {
  const plain = !language || text.length > COLOURED_CHARACTERS_MAX;
  const nodes = useMemo(() => (plain ? [] : colouredCode(text, language)), [plain, text, language]);
  return (
    <pre className="sr-code">
      <code>{plain ? <LongText text={text} /> : nodes.map(element)}</code>
    </pre>
  );
});

const GROUP_LINES = 100;
const LINE_PX = 18;

interface NumberedProps extends Props {
  /** Number of the first line. */
  start: number;
}

/** The lines of a file with their numbers. */
export const NumberedCode = memo(function NumberedCode({ text, language = null, start }: NumberedProps) {
  const groups = useMemo(() => {
    const lines = treeLines(colouredCode(text.replace(/\n$/, ""), language));
    const cut: TreeNode[][][] = [];
    for (let at = 0; at < lines.length; at += GROUP_LINES) cut.push(lines.slice(at, at + GROUP_LINES));
    return cut;
  }, [text, language]);
  const width = `${String(start + groups.length * GROUP_LINES).length + 1}ch`;
  return (
    <pre className="sr-code sr-numbered">
      {groups.map((lines, group) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a stored text never change
          key={group}
          className="sr-chunk"
          style={{ containIntrinsicBlockSize: `auto ${lines.length * LINE_PX}px` }}
        >
          {lines.map((line, index) => {
            const number = start + group * GROUP_LINES + index;
            return (
              <div key={number} className="sr-numbered-line">
                {/* Drawn by the style sheet, so that copied text has no numbers in it. */}
                <span className="sr-line-number" style={{ inlineSize: width }} data-line={number} />
                <code>{line.map(element)}</code>
              </div>
            );
          })}
        </div>
      ))}
    </pre>
  );
});

function element(node: TreeNode, key: number): ReactNode {
  if (node.type === "text") return <VisibleText key={key} text={node.value} />;
  if (node.type !== "element") return null;
  const names = node.properties.className;
  return (
    <span key={key} className={Array.isArray(names) ? names.join(" ") : undefined}>
      {node.children.map(element)}
    </span>
  );
}
