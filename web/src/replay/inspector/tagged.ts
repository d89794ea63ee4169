/**
 * Texts that the client writes into the conversation in tags of its own: a person's command and what it wrote, the end
 * of a task in the background.
 */
const TAGGED =
  /^\s*<(?:command-name|command-message|command-args|bash-input|bash-stdout|bash-stderr|local-command-stdout|local-command-stderr|local-command-caveat|task-notification)>/;
const TAG = /<([a-z][a-z-]{1,40})>/g;
const OUTER = "task-notification";

export interface Tagged {
  tag: string;
  text: string;
}

/** The tags of such a text in their order, texts between them under the name ""; null for any other text. */
export function taggedTexts(text: string): Tagged[] | null {
  if (!TAGGED.test(text)) return null;
  const found: Tagged[] = [];
  let end = 0;
  const between = (to: number) => {
    const words = text.slice(end, to).replace(`</${OUTER}>`, "").trim();
    if (words !== "") found.push({ tag: "", text: words });
  };
  TAG.lastIndex = 0;
  for (let match = TAG.exec(text); match !== null; match = TAG.exec(text)) {
    const tag = match[1] ?? "";
    // Its tags are shown, not the bag around them.
    if (tag === OUTER) {
      between(match.index);
      end = TAG.lastIndex;
      continue;
    }
    const close = text.indexOf(`</${tag}>`, TAG.lastIndex);
    if (close === -1) continue;
    between(match.index);
    found.push({ tag, text: text.slice(TAG.lastIndex, close) });
    end = close + tag.length + 3;
    TAG.lastIndex = end;
  }
  between(text.length);
  return found;
}
