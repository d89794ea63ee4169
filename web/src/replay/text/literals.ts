/**
 * The literal words of a regular expression.
 *
 * A pattern out of a transcript is never run here: one of thirty characters can take a browser for ever. What can be
 * marked without running it are the alternatives that are plain words.
 */
const SPECIAL = /[.*+?^${}()|[\]\\]/;
const LITERALS_MAX = 20;

/** The alternatives of `pattern` that mean themselves only: `foo\(|bar` gives `foo(` and `bar`; `a.*b` gives none. */
export function literalsOf(pattern: string): string[] {
  const literals: string[] = [];
  for (const alternative of pattern.split(/(?<!\\)\|/).slice(0, LITERALS_MAX)) {
    const plain = alternative.replace(/\\b/g, "");
    const kept = plain.replace(/\\[.*+?^${}()|[\]\\/"'-]/g, "");
    if (SPECIAL.test(kept)) continue;
    const literal = plain.replace(/\\([.*+?^${}()|[\]\\/"'-])/g, "$1");
    if (literal !== "") literals.push(literal);
  }
  return literals;
}

/** The text cut at the places of the literals: those at odd places of the answer are the matches. */
export function cutAtLiterals(text: string, literals: readonly string[], ignoreCase: boolean): string[] {
  if (literals.length === 0) return [text];
  const words = literals.map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${words.join("|")})`, ignoreCase ? "gi" : "g"));
}
