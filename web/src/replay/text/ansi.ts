/**
 * Terminal output → runs of text with a style.
 *
 * Only colour and weight (ECMA-48 SGR) are kept; titles, links, cursor moves and every other control
 * sequence are dropped, and a carriage return overwrites its line, as a terminal would show in the end.
 */
export interface AnsiStyle {
  /** Palette number 0–255, or `#rrggbb`. */
  foreground?: number | string;
  background?: number | string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
}

export interface AnsiRun {
  text: string;
  style: AnsiStyle;
}

const ESC = "\u001b";
// OSC, DCS, SOS, PM and APC end with BEL or ST; an unterminated one ends with its line.
const STRINGS = new RegExp(`${ESC}[\\]PX^_][^\\u0007${ESC}\\n]*(?:\\u0007|${ESC}\\\\)?`, "g");
// Every CSI but SGR ("m"), choices of a character set, and the escapes that save, restore, reset and scroll.
const MOVES = new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-ln-~]|${ESC}[()*+#%].|${ESC}[78=>cDEHMN]`, "g");
const SGR = new RegExp(`${ESC}\\[([\\d;:]*)m`, "g");
// A preview ends anywhere, also within a sequence.
const CUT = new RegExp(`${ESC}(?:\\[[\\d;:]*)?(…?)$`);

export function ansiRuns(output: string): AnsiRun[] {
  const text = settledLines(output.replace(STRINGS, "").replace(MOVES, "").replace(CUT, "$1"));
  const runs: AnsiRun[] = [];
  let style: AnsiStyle = {};
  let end = 0;
  for (const match of text.matchAll(SGR)) {
    if (match.index > end) runs.push({ text: text.slice(end, match.index), style });
    style = styled(style, match[1] ?? "");
    end = match.index + match[0].length;
  }
  if (end < text.length) runs.push({ text: text.slice(end), style });
  return runs;
}

/** The runs of a long output in pieces of about `characters`, each cut behind a whole line. */
export function ansiChunks(output: string, characters: number): AnsiRun[][] {
  const chunks: AnsiRun[][] = [];
  let chunk: AnsiRun[] = [];
  let length = 0;
  for (const { text, style } of ansiRuns(output)) {
    let rest = text;
    while (length + rest.length > characters) {
      const end = rest.indexOf("\n", Math.max(0, characters - length));
      if (end === -1) break;
      if (end > 0) chunk.push({ text: rest.slice(0, end), style });
      chunks.push(chunk);
      chunk = [];
      length = 0;
      rest = rest.slice(end + 1);
    }
    if (rest !== "") chunk.push({ text: rest, style });
    length += rest.length;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** The output without its styles. */
export function plainOutput(output: string): string {
  return ansiRuns(output)
    .map((run) => run.text)
    .join("");
}

/** What remains on each line after its carriage returns; progress bars rewrite a line hundreds of times. */
function settledLines(text: string): string {
  if (!text.includes("\r")) return text;
  return text
    .replace(/\r+\n/g, "\n")
    .split("\n")
    .map((line) => {
      const settled = line.replace(/\r+$/, "");
      return settled.slice(settled.lastIndexOf("\r") + 1);
    })
    .join("\n");
}

function styled(before: AnsiStyle, parameters: string): AnsiStyle {
  const style = { ...before };
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes, at + 1);
      if (code === 38) style.foreground = colour;
      else style.background = colour;
      at += used;
    } else if (code === 0) {
      for (const key of Object.keys(style)) delete style[key as keyof AnsiStyle];
    } else apply(style, code);
  }
  return style;
}

function apply(style: AnsiStyle, code: number): void {
  if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 3) style.italic = true;
  else if (code === 4) style.underline = true;
  else if (code === 7) style.inverse = true;
  else if (code === 9) style.strike = true;
  else if (code === 22) {
    delete style.bold;
    delete style.dim;
  } else if (code === 23) delete style.italic;
  else if (code === 24) delete style.underline;
  else if (code === 27) delete style.inverse;
  else if (code === 29) delete style.strike;
  else if (code >= 30 && code <= 37) style.foreground = code - 30;
  else if (code === 39) delete style.foreground;
  else if (code >= 40 && code <= 47) style.background = code - 40;
  else if (code === 49) delete style.background;
  else if (code >= 90 && code <= 97) style.foreground = code - 90 + 8;
  else if (code >= 100 && code <= 107) style.background = code - 100 + 8;
}

/** The colour after 38 or 48 and how many parameters it took: `5;n` or `2;r;g;b`. */
function extendedColour(codes: readonly number[], at: number): [number | string | undefined, number] {
  if (codes[at] === 5) return [byte(codes[at + 1]), 2];
  if (codes[at] === 2) return [hexColour(codes.slice(at + 1, at + 4)), 4];
  return [undefined, 0];
}

function byte(value: number | undefined): number {
  return Math.min(255, Math.max(0, Math.trunc(value ?? 0) || 0));
}

function hexColour(parts: readonly number[]): string {
  return `#${[0, 1, 2].map((part) => byte(parts[part]).toString(16).padStart(2, "0")).join("")}`;
}

const CUBE = [0, 95, 135, 175, 215, 255];

/** CSS colour: the first 16 are the theme's own, then xterm's 6×6×6 cube and its greys. */
export function cssColour(colour: number | string): string {
  if (typeof colour === "string") return colour;
  if (colour < 16) return `var(--sr-ansi-${colour})`;
  if (colour >= 232) return hexColour(Array(3).fill(8 + (colour - 232) * 10));
  const cube = colour - 16;
  return hexColour(
    [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => CUBE[step] ?? 0),
  );
}
