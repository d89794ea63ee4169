import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import { formatCount, formatTime } from "../../format";
import { useAnnounce } from "../../shell/page";
import { keptOnTheWay } from "../address";
import { CopyButton } from "../clipboard";
import type { Entry, Session } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { Glyph } from "../trace/EntryMark";
import { type AuditCard, CARD_WORDS } from "./acts";
import { type AuditItem, type AuditList, firstLine } from "./summary";

export interface Descendants {
  sessions: number;
  toolCalls: number;
}

const FIRST_ITEMS = 8;
/** More are not drawn: copying the card has them all. */
const DRAWN_ITEMS_MAX = 2_000;

interface Props {
  card: AuditCard;
  list: AuditList;
  subagents: ReadonlyMap<string, Session>;
  /** All subagents below the session; null while nobody knows. */
  descendants: Descendants | null;
  zone: string;
  /** The entry with this number: what a row of the trace says of it. */
  entryOf: (rowKey: number) => Entry | undefined;
  isFilter: boolean;
  onFilter: () => void;
  selectedKey: number | null;
  onJump: (rowKey: number) => void;
}

/** One kind of act: how often, what was named, and the way to its entries. */
export function AuditCardView(props: Props) {
  const { card, list, subagents, zone, entryOf, isFilter, onFilter, selectedKey, onJump } = props;
  const [isOpen, setOpen] = useState(false);
  const [place, setPlace] = useState(0);
  const announce = useAnnounce();
  const { items } = list;
  const shown = items.slice(0, isOpen ? DRAWN_ITEMS_MAX : FIRST_ITEMS);
  const title = CARD_WORDS[card];
  const [figure, ...asides] = figuresOf(card, list);
  const go = (item: AuditItem) => {
    const next = nextRow(item, selectedKey);
    onJump(next);
    announce(`${item.label}, ${item.rows.indexOf(next) + 1} of ${item.rows.length}`);
  };
  return (
    <section className={`sr-audit-card sr-audit-card-${card}`} aria-label={title}>
      <header>
        <h2>
          {title} <b>{figure}</b>
        </h2>
        {asides.map((aside) => (
          <span key={aside} className={/failed|denied/.test(aside) ? "sr-audit-bad" : undefined}>
            {aside}
          </span>
        ))}
        <span className="sr-audit-tools">
          <CopyButton
            text={() => cardText(title, list, zone)}
            label={`Copy ${title.toLowerCase()} as text`}
          />
          <button
            type="button"
            className="sr-icon-button"
            aria-pressed={isFilter}
            aria-label={`Show only the entries of ${title.toLowerCase()}`}
            title="Show only these entries"
            onClick={onFilter}
          >
            <Glyph name="funnel" />
          </button>
        </span>
      </header>
      <ul onKeyDown={(event) => walk(event, shown.length, setPlace)}>
        {shown.map((item, index) => (
          <li key={item.key}>
            <button
              type="button"
              tabIndex={index === Math.min(place, shown.length - 1) ? 0 : -1}
              aria-current={selectedKey !== null && item.rows.includes(selectedKey) ? "true" : undefined}
              title={item.rows.length > 1 ? "Go to the first entry, then to the next" : "Go to the entry"}
              onFocus={() => setPlace(index)}
              onClick={() => go(item)}
            >
              <ItemWords
                label={item.label}
                isMarked={item.isMarked}
                aside={card === "command" ? commandAt(item, selectedKey, entryOf) : asideOf(item, zone)}
              />
              <ItemFigures card={card} item={item} selectedKey={selectedKey} />
            </button>
            {item.session !== null && (
              <SubagentLink id={item.session} session={subagents.get(item.session)} />
            )}
          </li>
        ))}
      </ul>
      {items.length > FIRST_ITEMS && (
        <button
          type="button"
          className="sr-link-button sr-audit-more"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? `Show the first ${FIRST_ITEMS}` : `Show all ${formatCount(items.length)}`}
        </button>
      )}
      {isOpen && items.length > DRAWN_ITEMS_MAX && (
        <p>{formatCount(items.length - DRAWN_ITEMS_MAX)} more are in the copied text only.</p>
      )}
      <Note card={card} list={list} descendants={props.descendants} />
    </section>
  );
}

function ItemWords({ label, isMarked, aside }: { label: string; isMarked: boolean; aside: string }) {
  return (
    <>
      <span className={isMarked ? "sr-audit-label sr-audit-marked" : "sr-audit-label"} title={label}>
        <bdi>
          <VisibleText text={label} />
        </bdi>
      </span>
      {aside !== "" && (
        <span className="sr-audit-aside" title={aside}>
          <VisibleText text={aside} />
        </span>
      )}
    </>
  );
}

/** The command at the place where the reader is, else the first. */
function commandAt(item: AuditItem, selectedKey: number | null, entryOf: Props["entryOf"]): string {
  const key = selectedKey !== null && item.rows.includes(selectedKey) ? selectedKey : item.rows[0];
  return key === undefined ? "" : firstLine(entryOf(key)?.preview ?? "");
}

interface FiguresProps {
  card: AuditCard;
  item: AuditItem;
  selectedKey: number | null;
}

function ItemFigures({ card, item, selectedKey }: FiguresProps) {
  const at = selectedKey === null ? -1 : item.rows.indexOf(selectedKey);
  const count = item.rows.length;
  return (
    <span className="sr-audit-figures">
      {item.added + item.removed > 0 && (
        <>
          <span className="sr-audit-plus">+{formatCount(item.added)}</span>
          <span className="sr-audit-minus">−{formatCount(item.removed)}</span>
        </>
      )}
      {item.failed > 0 && <span className="sr-audit-bad">{formatCount(item.failed)} failed</span>}
      {item.denied > 0 && card !== "permission" && (
        <span className="sr-audit-bad">{formatCount(item.denied)} denied</span>
      )}
      <span className={card === "subagent" ? "visually-hidden" : "sr-audit-count"}>
        {at >= 0 && count > 1 ? `${formatCount(at + 1)} of ${formatCount(count)}` : formatCount(count)}
      </span>
    </span>
  );
}

function SubagentLink({ id, session }: { id: string; session: Session | undefined }) {
  return (
    <Link
      className="sr-audit-open"
      to="/replay/$sessionId"
      params={{ sessionId: id }}
      search={(search) => keptOnTheWay(search)}
    >
      {session ? plural(session.tool_calls, "tool call") : "Open"} <Glyph name="right" />
    </Link>
  );
}

/** What a card's figures are not. */
function Note({ card, list, descendants }: Pick<Props, "card" | "list" | "descendants">) {
  const notes = [
    card === "host" && "Named in calls and commands, not proof of contact. A script may reach others.",
    card === "file-write" && "By file tools and redirections. What else commands write is in no transcript.",
    card === "subagent" && subagentNote(descendants),
    list.isTruncated && "Some entries name more than is listed here: see them whole.",
  ].filter((note) => note !== false && note !== "");
  return notes.length > 0 ? <p>{notes.join(" ")}</p> : null;
}

function subagentNote(descendants: Descendants | null): string {
  if (descendants === null || descendants.sessions === 0) return "";
  const { sessions, toolCalls } = descendants;
  const who = `${plural(sessions, "subagent")}${sessions === 1 ? "" : ", nested ones included,"}`;
  return `${who} ran ${plural(toolCalls, "more tool call")}. They are in the subagents' own traces, not in these figures.`;
}

/** The figure beside a card's title, and what is said behind it. */
export function figuresOf(card: AuditCard, list: AuditList): string[] {
  const { count, items, failed, denied } = list;
  const figures: string[] = [];
  if (card === "command") figures.push(formatCount(count), plural(items.length, "program"));
  else if (card === "host") figures.push(formatCount(items.length), `in ${plural(count, "call")}`);
  else if (card === "file-write") figures.push(formatCount(items.length), `in ${plural(count, "write")}`);
  else if (card === "mcp") figures.push(formatCount(count), plural(items.length, "tool"));
  else figures.push(formatCount(count));
  if (failed > 0) figures.push(`${formatCount(failed)} failed`);
  if (denied > 0) figures.push(`${formatCount(denied)} denied`);
  return figures;
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${formatCount(count)} ${noun}s`;
}

function asideOf(item: AuditItem, zone: string): string {
  if (!item.isMode) return item.aside;
  return item.at === null ? "mode from the start" : `mode from ${formatTime(item.at, zone)}`;
}

/** The row behind the selected one, the first if none of them is. */
export function nextRow(item: AuditItem, selectedKey: number | null): number {
  const at = selectedKey === null ? -1 : item.rows.indexOf(selectedKey);
  return item.rows[(at + 1) % item.rows.length] as number;
}

/** A card as lines of text: count, name, and what else is known, with tabs between. */
export function cardText(title: string, list: AuditList, zone: string): string {
  const lines = list.items.map((item) => {
    const figures = [
      item.added + item.removed > 0 && `+${item.added} -${item.removed}`,
      item.failed > 0 && `${item.failed} failed`,
      item.denied > 0 && `${item.denied} denied`,
    ].filter(Boolean);
    return [item.rows.length, item.label, asideOf(item, zone), figures.join(", ")].join("\t").trimEnd();
  });
  return [`${title} (${list.count})`, ...lines].join("\n");
}

/** Up and down move within the list, which is one tab stop. */
function walk(
  event: KeyboardEvent<HTMLUListElement>,
  count: number,
  setPlace: (place: number) => void,
): void {
  const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("li > button")];
  const at = buttons.indexOf(event.target as HTMLButtonElement);
  const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: count - 1 };
  const next = steps[event.key];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  const place = Math.min(count - 1, Math.max(0, next));
  setPlace(place);
  buttons[place]?.focus();
}
