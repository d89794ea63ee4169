import { memo, type ReactNode, useMemo } from "react";
import { colouredCode, type TreeNode } from "./tree";
import { VisibleText } from "./VisibleText";

interface Props {
  text: string;
  language?: string | null;
}

/** Source text with syntax colours where its language is known. */
export const Code = memo(function Code({ text, language = null }: Props) {
  const nodes = useMemo(() => colouredCode(text, language), [text, language]);
  return (
    <pre className="sr-code">
      <code>{nodes.map(element)}</code>
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
