import { type CSSProperties, Fragment, memo, type ReactNode, useMemo } from "react";
import { CHUNK_CHARACTERS } from "./chunks";
import { LongText } from "./LongText";
import { COLOURED_CHARACTERS_MAX, colouredCode, type TreeNode, treeLines } from "./tree";
import { VisibleText } from "./VisibleText";

interface Props {
  text: string;
  language?: string | null;
}

const GROUP_LINES = 100;
const LINE_PX = 18;

/** Source text with syntax colours where its language is known; of a long one only what is looked at is laid out. */
export const Code = memo(function Code({ text, language = null }: Props) {
  const groups = useMemo(
    () => (isColoured(text, language) ? lineGroups(colouredCode(text, language)) : null),
    [text, language],
  );
  return (
    <pre className="sr-code">
      <code>
        {groups === null ? (
          <LongText text={text} />
        ) : groups.length === 1 ? (
          groups[0]?.map(lineOf)
        ) : (
          groups.map((lines, group) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a stored text never change
            <span key={group} className="sr-chunk" style={heightOf(lines)}>
              {lines.map(lineOf)}
            </span>
          ))
        )}
      </code>
    </pre>
  );
});

/** A line that is a piece of its own is laid out as a whole: with its colours that takes longer than they are worth. */
function isColoured(text: string, language: string | null): boolean {
  if (!language || text.length > COLOURED_CHARACTERS_MAX) return false;
  return text.length <= CHUNK_CHARACTERS || text.split("\n").every((line) => line.length <= CHUNK_CHARACTERS);
}

function lineGroups(nodes: readonly TreeNode[]): TreeNode[][][] {
  const lines = treeLines(nodes);
  const groups: TreeNode[][][] = [];
  for (let at = 0; at < lines.length; at += GROUP_LINES) groups.push(lines.slice(at, at + GROUP_LINES));
  return groups;
}

/** A guess of a group's height, until it has been laid out once. */
function heightOf(lines: readonly unknown[]): CSSProperties {
  return { containIntrinsicBlockSize: `auto ${lines.length * LINE_PX}px` };
}

/** A line within its group, with the line feed before it. */
function lineOf(line: readonly TreeNode[], index: number): ReactNode {
  return (
    <Fragment key={index}>
      {index > 0 && "\n"}
      {line.map(element)}
    </Fragment>
  );
}

interface NumberedProps extends Props {
  /** Number of the first line. */
  start: number;
}

/** The lines of a file with their numbers. */
export const NumberedCode = memo(function NumberedCode({ text, language = null, start }: NumberedProps) {
  const groups = useMemo(() => lineGroups(colouredCode(text.replace(/\n$/, ""), language)), [text, language]);
  const width = `${String(start + groups.length * GROUP_LINES).length + 1}ch`;
  return (
    <pre className="sr-code sr-numbered">
      {groups.map((lines, group) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a stored text never change
          key={group}
          className="sr-chunk"
          style={heightOf(lines)}
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
