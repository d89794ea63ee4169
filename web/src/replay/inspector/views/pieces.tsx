/** What the views of tools and records are put together from. */
import type { ReactNode } from "react";
import { formatCount } from "../../../format";
import { CopyButton } from "../../clipboard";
import { Code } from "../../text/Code";
import { JsonTree } from "../../text/JsonTree";
import { safeAddress } from "../../text/Markdown";
import { VisibleText } from "../../text/VisibleText";
import { languageOf } from "../language";
import { Block, LongBlock } from "../Part";
import type { Fields as FieldsOf } from "../rawLine";

type Tone = "plain" | "good" | "bad" | "warn";

/** A short fact about a call, and how it is meant. */
export interface Trait {
  text: string;
  tone?: Tone;
  title?: string;
}

/** Facts in a row, those that do not hold left out. */
export function Traits({ traits }: { traits: readonly (Trait | string | false | null | undefined)[] }) {
  const shown = traits.filter((trait) => trait !== false && trait !== null && trait !== undefined);
  if (shown.length === 0) return null;
  return (
    <ul className="sr-traits">
      {shown.map((trait, index) => {
        const { text, tone = "plain", title } = typeof trait === "string" ? { text: trait } : trait;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: two facts of a stored line may have the same words
          <li key={index} className={`sr-trait sr-trait-${tone}`} title={title}>
            <VisibleText text={text} />
          </li>
        );
      })}
    </ul>
  );
}

/** The file, pattern or address that a call is about. */
export function Subject({ name, text, children }: { name: string; text: string; children?: ReactNode }) {
  return (
    <div className="sr-subject">
      <span className="sr-subject-name">{name}</span>
      <span className="sr-subject-text">{children ?? <VisibleText text={text} />}</span>
      <CopyButton text={text} label={`Copy ${name}`} />
    </div>
  );
}

/** An address as text; a link only where a browser may follow it, and never loaded by itself. */
export function Address({ address, children }: { address: string; children?: ReactNode }) {
  const safe = safeAddress(address);
  const words = children ?? <VisibleText text={address} />;
  if (!safe) return words;
  return (
    <a href={safe} title={safe} target="_blank" rel="noopener noreferrer nofollow">
      {words}
    </a>
  );
}

/** One sentence above or below the parts. */
export function Lead({ text }: { text: string | null }) {
  if (text === null || text.trim() === "") return null;
  return (
    <p className="sr-lead">
      <VisibleText text={text} />
    </p>
  );
}

export function Notice({ text, tone = "plain" }: { text: string; tone?: "plain" | "error" | "good" }) {
  return (
    <p className={tone === "plain" ? "sr-notice" : `sr-notice sr-notice-${tone}`}>
      <VisibleText text={text} />
    </p>
  );
}

/** Source text with its label and copy button. */
export function TextBlock({ label, text, path = null }: { label: string; text: string; path?: unknown }) {
  return (
    <LongBlock label={label} text={text}>
      {(shown) => <Code text={shown} language={typeof path === "string" ? languageOf(path) : null} />}
    </LongBlock>
  );
}

const LIST_FIRST_MAX = 500;

/** Names below a heading that counts them. */
export function NameList({ label, names }: { label: string; names: readonly string[] | null }) {
  if (names === null || names.length === 0) return null;
  const shown = names.slice(0, LIST_FIRST_MAX);
  return (
    <Block label={`${label} (${formatCount(names.length)})`} copy={names.join("\n")}>
      <ul className="sr-names">
        {shown.map((name, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a stored list never changes, and may name a thing twice
          <li key={index}>
            <VisibleText text={name} />
          </li>
        ))}
      </ul>
      {shown.length < names.length && (
        <p className="sr-note">{formatCount(names.length - shown.length)} more: the copy button has all.</p>
      )}
    </Block>
  );
}

const LINE_CHARACTERS_MAX = 160;

/** What a call is about stands above how it is to be done. */
const FIRST = new Set([
  "file_path",
  "notebook_path",
  "path",
  "pattern",
  "query",
  "url",
  "command",
  "skill",
  "description",
]);

/** Fields of an object: short ones in a list, long texts as blocks, the rest as trees. */
export function Fields({ fields }: { fields: FieldsOf }) {
  const members = Object.entries(fields).sort(
    ([one], [other]) => Number(FIRST.has(other)) - Number(FIRST.has(one)),
  );
  const short = members.filter(([, value]) => isShort(value));
  const long = members.filter(([, value]) => !isShort(value));
  return (
    <>
      {short.length > 0 && (
        <dl className="sr-fields">
          {short.map(([name, value]) => (
            <Field key={name} name={name} value={value} />
          ))}
        </dl>
      )}
      {long.map(([name, value]) =>
        typeof value === "string" ? (
          <TextBlock key={name} label={name} text={value} />
        ) : (
          <Block key={name} label={name} copy={() => JSON.stringify(value, null, 2)}>
            <JsonTree value={value} />
          </Block>
        ),
      )}
    </>
  );
}

function Field({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt>
        <VisibleText text={name} />
      </dt>
      <dd>
        <VisibleText text={wordsOf(value)} />
      </dd>
    </>
  );
}

/** Any JSON value in one text: a text as it is, a plain list with commas, all else as compact JSON. */
export function wordsOf(value: unknown): string {
  if (typeof value === "string") return value === "" ? "(empty)" : value;
  if (!isPlainList(value)) return JSON.stringify(value);
  return value.length === 0 ? "(none)" : value.join(", ");
}

function isPlainList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.every((one) => typeof one !== "object");
}

function isShort(value: unknown): boolean {
  if (typeof value === "string") return value.length <= LINE_CHARACTERS_MAX && !value.includes("\n");
  if (isPlainList(value)) return wordsOf(value).length <= LINE_CHARACTERS_MAX;
  return typeof value !== "object" || value === null;
}

/** What is left of an object within a list, in one line. */
export function Remnant({ fields }: { fields: FieldsOf }) {
  const left = Object.entries(fields);
  if (left.length === 0) return null;
  return (
    <span className="sr-remnant">
      <VisibleText text={left.map(([name, value]) => `${name}: ${wordsOf(value)}`).join(" · ")} />
    </span>
  );
}
