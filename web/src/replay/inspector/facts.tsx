import type { ReactNode } from "react";
import { formatCount } from "../../format";
import { CopyButton } from "../clipboard";
import { VisibleText } from "../text/VisibleText";

export interface Fact {
  name: string;
  value: ReactNode;
  /** What the copy button gives, where it is not the value. */
  copy?: string;
}

/** Facts under their headings; a heading without facts is left out. */
export function FactGroups({ groups }: { groups: readonly (readonly [string, readonly (Fact | null)[]])[] }) {
  return (
    <div className="sr-meta">
      {groups.map(([title, facts]) => (
        <Group key={title} title={title} facts={facts.filter((fact) => fact !== null)} />
      ))}
    </div>
  );
}

function Group({ title, facts }: { title: string; facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl className="sr-fields">
        {facts.map((fact) => (
          <FactRow key={fact.name} fact={fact} />
        ))}
      </dl>
    </section>
  );
}

function FactRow({ fact }: { fact: Fact }) {
  const copied = fact.copy ?? (typeof fact.value === "string" ? fact.value : null);
  return (
    <>
      <dt>{fact.name}</dt>
      <dd>
        <span>{typeof fact.value === "string" ? <VisibleText text={fact.value} /> : fact.value}</span>
        {copied !== null && copied !== "" && <CopyButton text={copied} label={`Copy ${fact.name}`} />}
      </dd>
    </>
  );
}

/** A count with separators, copied without them. */
export function figure(name: string, count: number): Fact {
  return { name, value: formatCount(count), copy: String(count) };
}

/** A fact in words, null where the field holds none. */
export function text(name: string, value: unknown): Fact | null {
  return typeof value === "string" && value !== "" ? { name, value } : null;
}

/** A fact that is a name for machines. */
export function id(name: string, value: unknown): Fact | null {
  return typeof value === "string" && value !== ""
    ? { name, value: <code>{value}</code>, copy: value }
    : null;
}
