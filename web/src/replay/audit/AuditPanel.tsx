import { useDeferredValue, useMemo, useState } from "react";
import { formatCount } from "../../format";
import { useChoice } from "../Panels";
import { useTreeFigures } from "../sessions";
import type { Session } from "../shapes";
import { Glyph } from "../trace/EntryMark";
import { type Query, toggled } from "../trace/query";
import type { TraceState } from "../trace/useTrace";
import { AuditCardView } from "./AuditCard";
import { AUDIT_CARDS, type AuditCard, CARD_WORDS } from "./acts";
import { type AuditSummary, auditSummary } from "./summary";

interface Props {
  trace: TraceState;
  session: Session | null;
  subagents: ReadonlyMap<string, Session>;
  zone: string;
  query: Query;
  onQuery: (query: Query) => void;
  /** Key of the row that is selected. */
  selectedKey: number | null;
  onJump: (rowKey: number) => void;
  /** There is room for one panel only: the summary takes it from the trace while somebody looks at it. */
  isSingle: boolean;
}

/** What the session did that matters to security, above the entries that show it. */
export function AuditPanel(props: Props) {
  const { trace, session, subagents } = props;
  const [chosen, choose] = useChoice("audit-summary-shown", true);
  const [asked, ask] = useState(false);
  const [shown, setShown] = props.isSingle ? [asked, ask] : [chosen, choose];
  // A trace that pours in must not wait for its summary.
  const version = useDeferredValue(trace.version);
  const { rows } = trace;
  const project = session?.project ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows grow in place, `version` tells that they did
  const summary = useMemo(
    () => auditSummary(rows.list, project, subagents),
    [rows, version, project, subagents],
  );
  const tree = useTreeFigures(session).data;
  const descendants =
    tree && session ? { sessions: session.subagents, toolCalls: tree.tool_calls - session.tool_calls } : null;
  if (rows.entryCount === 0) return null;
  const filled = AUDIT_CARDS.filter((card) => summary[card].count > 0);
  const empty = AUDIT_CARDS.filter((card) => summary[card].count === 0 && card !== "finding");
  const isQuiet = filled.length === 0;
  return (
    <section className="sr-audit" aria-label="Audit summary">
      <header className="sr-audit-head">
        <button
          type="button"
          className="sr-link-button sr-audit-toggle"
          aria-expanded={shown}
          onClick={() => setShown(!shown)}
        >
          <Glyph name={shown ? "down" : "right"} /> Security at a glance
        </button>
        {!shown && filled.map((card) => <ShortFigure key={card} card={card} summary={summary} />)}
        <span className="sr-audit-scope">{scopeOf(summary, trace.caughtUp)}</span>
      </header>
      {shown && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrollable by keys
        <div className="sr-audit-body" tabIndex={0} role="group" aria-label="Cards of the audit summary">
          {isQuiet && trace.caughtUp && (
            <p className="sr-audit-quiet">
              <b>Nothing that matters to security happened in this session.</b> Looked for: {wordsOf(empty)}.
            </p>
          )}
          {!isQuiet && (
            <>
              <div className="sr-audit-cards">
                {filled.map((card) => (
                  <AuditCardView
                    key={card}
                    card={card}
                    list={summary[card]}
                    subagents={subagents}
                    descendants={descendants}
                    zone={props.zone}
                    entryOf={(key) => rows.entries.get(key)}
                    isFilter={props.query.acts.has(card)}
                    onFilter={() => props.onQuery({ ...props.query, acts: toggled(props.query.acts, card) })}
                    selectedKey={props.selectedKey}
                    onJump={(key) => {
                      ask(false);
                      props.onJump(key);
                    }}
                  />
                ))}
              </div>
              {empty.length > 0 && trace.caughtUp && (
                <p className="sr-audit-none">Looked for and not found: {wordsOf(empty)}.</p>
              )}
            </>
          )}
        </div>
      )}
    </section>
  );
}

function ShortFigure({ card, summary }: { card: AuditCard; summary: AuditSummary }) {
  const { count, items } = summary[card];
  const figure = card === "host" || card === "file-write" ? items.length : count;
  return (
    <span className="sr-audit-short">
      {CARD_WORDS[card]} <b>{formatCount(figure)}</b>
    </span>
  );
}

function wordsOf(cards: readonly AuditCard[]): string {
  return cards.map((card) => (card === "mcp" ? "MCP calls" : CARD_WORDS[card].toLowerCase())).join(", ");
}

/** What the figures were counted over: they are complete, or not yet. */
function scopeOf(summary: AuditSummary, isWhole: boolean): string {
  const entries = `${formatCount(summary.entries)} ${summary.entries === 1 ? "entry" : "entries"}`;
  if (!isWhole) return `${entries} so far, still loading`;
  if (summary.copied === 0) return `all ${entries} counted`;
  return `all ${entries} counted but ${formatCount(summary.copied)} acts copied from another session`;
}
