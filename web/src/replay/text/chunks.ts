/**
 * Long texts cut into pieces, so that a browser lays out only what is looked at.
 *
 * A piece ends before a line feed, which is left out between two pieces: each is a block of its own. A line that is
 * longer than a piece is cut within.
 */
export const CHUNK_CHARACTERS = 8_000;

export function textChunks(text: string): string[] {
  const chunks: string[] = [];
  let start = 0;
  while (text.length - start > CHUNK_CHARACTERS) {
    // Looked for in the piece alone: a text without line feeds would be searched to its start each time.
    const end = start + text.slice(start, start + CHUNK_CHARACTERS + 1).lastIndexOf("\n");
    if (end > start) {
      chunks.push(text.slice(start, end));
      start = end + 1;
    } else {
      const cut = start + CHUNK_CHARACTERS - (isHighSurrogate(text, start + CHUNK_CHARACTERS - 1) ? 1 : 0);
      chunks.push(text.slice(start, cut));
      start = cut;
    }
  }
  chunks.push(text.slice(start));
  return chunks;
}

/** What is shown of a text at first. */
const FIRST_CHARACTERS_MAX = 60_000;
const FIRST_LINES_MAX = 1_000;

/** The beginning of a text that is too long to show at once; null for one that is not. */
export function beginningOf(text: string): string | null {
  let end = -1;
  for (let lines = 0; lines < FIRST_LINES_MAX; lines += 1) {
    end = text.indexOf("\n", end + 1);
    if (end === -1 || end > FIRST_CHARACTERS_MAX) break;
  }
  if (end !== -1 && end <= FIRST_CHARACTERS_MAX && end < text.length - 1) return text.slice(0, end);
  if (text.length <= FIRST_CHARACTERS_MAX) return null;
  const lastLine = text.lastIndexOf("\n", FIRST_CHARACTERS_MAX);
  if (lastLine > FIRST_CHARACTERS_MAX / 2) return text.slice(0, lastLine);
  return text.slice(0, FIRST_CHARACTERS_MAX - (isHighSurrogate(text, FIRST_CHARACTERS_MAX - 1) ? 1 : 0));
}

export function lineCountOf(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return text.endsWith("\n") ? lines - 1 : lines;
}

function isHighSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff;
}
