/**
 * The fields of a stored object, as a view reads them.
 *
 * Law: a field is given out once, and only as the type that was asked for; who takes it shows it. What is of another
 * type, or was never asked for, stays in `rest`, which is shown as it is. So any field may hold anything, and none is
 * lost. It is read where the fields are told, from the first to `rest`, never in a component: that is drawn later, and
 * again.
 */
import { type Fields, isRecord } from "./rawLine";

export class Reading {
  readonly #fields: Fields;
  readonly #asked = new Set<string>();
  readonly #given = new Set<string>();
  /** Objects within this one that are read field by field, under their paths. */
  readonly #within = new Map<string, Reading>();

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** A text that says something; null for an empty one, or no text. */
  text(name: string): string | null {
    return this.#take(name, (value) => typeof value === "string" && value !== "");
  }

  /** What a program wrote, which may be nothing; null for no text. */
  output(name: string): string | null {
    return this.#take(name, (value) => typeof value === "string");
  }

  /** A text out of `words`. */
  word(name: string, words: readonly string[]): string | null {
    return this.#take(name, (value) => typeof value === "string" && words.includes(value));
  }

  number(name: string): number | null {
    return this.#take(name, Number.isFinite);
  }

  /** A count, a size or a time. */
  amount(name: string): number | null {
    return this.#take(name, (value) => Number.isFinite(value) && (value as number) >= 0);
  }

  /** A moment that a clock can show. */
  time(name: string): string | null {
    return this.#take(name, (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)));
  }

  /** Whether the field says that there is nothing. */
  isNull(name: string): boolean {
    this.#take(name, (value) => value === null);
    return Object.hasOwn(this.#fields, name) && this.#fields[name] === null;
  }

  /** Whether the field is `true`. */
  flag(name: string): boolean {
    return this.#take<boolean>(name, (value) => typeof value === "boolean") ?? false;
  }

  /** A list of nothing but texts. */
  texts(name: string): string[] | null {
    return this.#take(
      name,
      (value) => Array.isArray(value) && value.every((member) => typeof member === "string"),
    );
  }

  /** A list of nothing but objects. */
  records(name: string): Reading[] | null {
    const list = this.#take<Fields[]>(name, (value) => Array.isArray(value) && value.every(isRecord));
    return list?.map((member, index) => this.#reading(`${name}[${index}]`, member)) ?? null;
  }

  /** A list of nothing but objects and texts. */
  members(name: string): (Reading | string)[] | null {
    const list = this.#take<(Fields | string)[]>(
      name,
      (value) =>
        Array.isArray(value) && value.every((member) => typeof member === "string" || isRecord(member)),
    );
    return (
      list?.map((member, index) =>
        typeof member === "string" ? member : this.#reading(`${name}[${index}]`, member),
      ) ?? null
    );
  }

  /** An object; an empty one where the field is none. */
  record(name: string): Reading {
    return this.#reading(name, this.#take(name, isRecord) ?? {});
  }

  /** The names that nothing has been taken from. */
  names(): string[] {
    return Object.keys(this.#fields).filter((name) => !this.#given.has(name));
  }

  /** Whether the field is there, and is not given out. */
  isLeft(name: string): boolean {
    return this.names().includes(name);
  }

  /** All that is left, also within the objects that were read; those `without` are shown elsewhere. */
  rest(without: readonly string[] = []): Fields {
    return this.#left((name, of) => of !== this || !without.includes(name));
  }

  /** What was asked for and is of another type; null is how a client says that there is nothing. */
  odd(): Fields {
    return this.#left((name, of) => of.#asked.has(name) && of.#fields[name] !== null);
  }

  #left(isMeant: (name: string, of: Reading) => boolean): Fields {
    const left: [string, unknown][] = [];
    for (const name of this.names()) {
      if (!isMeant(name, this)) continue;
      this.#given.add(name);
      left.push([name, this.#fields[name]]);
    }
    for (const [path, within] of this.#within)
      for (const [name, value] of Object.entries(within.#left(isMeant)))
        left.push([`${path}.${name}`, value]);
    return Object.fromEntries(left);
  }

  #take<Value>(name: string, is: (value: unknown) => boolean): Value | null {
    if (!Object.hasOwn(this.#fields, name)) return null;
    this.#asked.add(name);
    if (!is(this.#fields[name])) return null;
    this.#given.add(name);
    return this.#fields[name] as Value;
  }

  #reading(path: string, fields: Fields): Reading {
    const reading = this.#within.get(path) ?? new Reading(fields);
    this.#within.set(path, reading);
    return reading;
  }
}
