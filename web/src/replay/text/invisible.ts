/**
 * Characters that a reader cannot see, or that reorder what he sees, made visible.
 *
 * Sources: Unicode 16 `Bidi_Control`, `Default_Ignorable_Code_Point`, C0 and C1 controls; "Trojan Source"
 * (CVE-2021-42574) for why bidi controls matter, tag characters (U+E0000 block) for hidden prompts.
 */
export interface InvisibleRun {
  /** What the badge says, such as `RLO` or `U+200B ×3`. */
  label: string;
  /** The longer text: names of the code points, and hidden text where tag characters spell one. */
  title: string;
  bidi: boolean;
}

export type Segment = string | InvisibleRun;

// Controls but TAB, LF, CR; soft hyphen; bidi controls; zero-width and fillers; line and paragraph separators; tags.
const RUN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /(?:\u034f|[\u180b-\u180f]|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}])+/gu;

const SHORT: Record<number, string> = {
  0: "NUL",
  7: "BEL",
  8: "BS",
  27: "ESC",
  127: "DEL",
  173: "SHY",
  1564: "ALM",
  8203: "ZWSP",
  8204: "ZWNJ",
  8205: "ZWJ",
  8206: "LRM",
  8207: "RLM",
  8232: "LSEP",
  8233: "PSEP",
  8234: "LRE",
  8235: "RLE",
  8236: "PDF",
  8237: "LRO",
  8238: "RLO",
  8288: "WJ",
  8294: "LRI",
  8295: "RLI",
  8296: "FSI",
  8297: "PDI",
  65279: "BOM",
};

/** The text cut at its invisible runs; the runs' own characters are in no string of the answer. */
export function segmentsOf(text: string): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(RUN)) {
    const run = match[0];
    if (joinsEmoji(text, match.index, run)) continue;
    if (match.index > end) segments.push(text.slice(end, match.index));
    segments.push(described(run));
    end = match.index + run.length;
  }
  if (end < text.length) segments.push(text.slice(end));
  return segments;
}

/** As `segmentsOf`, for places that take plain text only: a run becomes its label in brackets. */
export function visibleText(text: string): string {
  return segmentsOf(text)
    .map((segment) => (typeof segment === "string" ? segment : `⟦${segment.label}⟧`))
    .join("");
}

/** A zero-width joiner between two emoji is what makes a family or a flag: nothing hidden there. */
function joinsEmoji(text: string, at: number, run: string): boolean {
  if (run !== "\u200d") return false;
  const before = text.slice(Math.max(0, at - 4), at);
  const after = text.slice(at + 1, at + 3);
  return (
    /[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?$/u.test(before) &&
    /^\p{Extended_Pictographic}/u.test(after)
  );
}

function described(run: string): InvisibleRun {
  const codes = Array.from(run, (character) => character.codePointAt(0) ?? 0);
  const first = codes[0] ?? 0;
  const same = codes.every((code) => code === first);
  const hidden = hiddenText(codes);
  const name = SHORT[first] ?? `U+${hex(first)}`;
  const label =
    codes.length === 1 ? name : same ? `${name} ×${codes.length}` : `${codes.length} invisible characters`;
  const names = [...new Set(codes)].slice(0, 8).map((code) => `U+${hex(code)}`);
  const title = hidden ? `hidden text: ${hidden}` : `invisible: ${names.join(", ")}`;
  return { label: hidden ? `${label}: “${hidden}”` : label, title, bidi: codes.some(isBidi) };
}

/** Tag characters mirror ASCII; what they spell is invisible to people and readable to a model. */
function hiddenText(codes: readonly number[]): string {
  return codes
    .filter((code) => code >= 0xe0020 && code <= 0xe007e)
    .map((code) => String.fromCodePoint(code - 0xe0000))
    .join("")
    .trim();
}

function isBidi(code: number): boolean {
  return (
    code === 0x61c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, "0");
}
