import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { formatCount, formatDateTimeExact, formatDuration, formatShort, formatTime } from "../../format";
import { permanentLink } from "../address";
import { CopyButton } from "../clipboard";
import type { Entry, Session } from "../shapes";
import { AnsiText } from "../text/AnsiText";
import { ProsePreview } from "../text/ProsePreview";
import { VisibleText } from "../text/VisibleText";
import { Glyph, TYPE_WORDS, TypeIcon } from "./EntryMark";
import { hasFailed, isDamaged } from "./query";
import {
  durationOf,
  entriesOf,
  type FoldRow,
  headOf,
  type Row,
  statusOf,
  type ToolRow,
  type ToolStatus,
} from "./rows";
import { changeOf, isTerminal, relativePath, withoutEmptyLines, wordsOf } from "./words";

/** What all rows of a trace share; one object, so that a row is drawn again only when it or this changes. */
export interface TraceScene {
  sessionId: string;
  live: boolean;
  zone: string;
  /** The session's directory: paths below it are shown from there. */
  project: string | null;
  /** Lower-cased words to mark; empty for none. */
  find: string;
  selectedKey: number | null;
  open: ReadonlySet<number>;
  subagents: ReadonlyMap<string, Session>;
  dimPrompts: boolean;
  /** The trace is a subagent's own: all of it is a sidechain, and nothing is nested for that. */
  ownSidechain: boolean;
  select: (row: Row) => void;
  toggle: (row: Row) => void;
}

interface Props {
  row: Row;
  scene: TraceScene;
  position: number;
  total: number;
}

export function TraceRow({ row, scene, position, total }: Props) {
  return (
    <RowFrame
      row={row}
      selected={scene.selectedKey === row.key}
      open={scene.open.has(row.key)}
      live={scene.live && row.kind === "tool"}
      subagent={subagentOf(row, scene.subagents)}
      zone={scene.zone}
      project={scene.project}
      find={scene.find}
      sessionId={scene.sessionId}
      depth={row.depth - (scene.ownSidechain && headOf(row).sidechain ? 1 : 0)}
      dimmed={scene.dimPrompts && row.kind === "entry" && row.entry.type === "user"}
      select={scene.select}
      toggle={scene.toggle}
      position={position}
      total={total}
    />
  );
}

interface FrameProps {
  row: Row;
  selected: boolean;
  open: boolean;
  live: boolean;
  subagent: Session | null;
  zone: string;
  project: string | null;
  find: string;
  sessionId: string;
  dimmed: boolean;
  depth: number;
  select: (row: Row) => void;
  toggle: (row: Row) => void;
  position: number;
  total: number;
}

const RowFrame = memo(function RowFrame(props: FrameProps) {
  const { row, selected, open, zone, sessionId } = props;
  const head = headOf(row);
  const names = ["sr-row", `sr-type-${head.type}`, `sr-kind-${row.kind}`];
  if (selected) names.push("sr-row-selected");
  if (head.inherited) names.push("sr-row-inherited");
  if (props.dimmed) names.push("sr-row-dimmed");
  if (row.kind === "tool") names.push(`sr-status-${statusOf(row, props.live)}`);
  if (entriesOf(row).some((entry) => entry.is_error)) names.push("sr-row-error");
  return (
    <>
      {row.idle_ms !== null && <IdleGap idle_ms={row.idle_ms} />}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter select; a tab stop for each of 100,000 rows would help nobody */}
      <article
        className={names.join(" ")}
        style={props.depth > 0 ? { marginInlineStart: props.depth * 22 } : undefined}
        aria-posinset={props.position + 1}
        aria-setsize={props.total}
        aria-current={selected ? "true" : undefined}
        data-seq={head.seq}
        onClick={() => {
          // Selecting text with the pointer ends in a click, too.
          if (window.getSelection()?.type !== "Range") props.select(row);
        }}
      >
        <TypeIcon type={head.type} />
        <div className="sr-row-main">
          <header className="sr-row-head">
            <RowWords row={row} head={head} find={props.find} project={props.project} depth={props.depth} />
            <span className="sr-row-facts">
              <CopyButton
                text={() => permanentLink(sessionId, head.seq)}
                label="Copy link to entry"
                glyph="link"
              />
              {row.kind === "tool" && row.progress.length > 0 && (
                <ProgressToggle row={row} open={open} toggle={props.toggle} />
              )}
              {row.kind === "tool" && <Status status={statusOf(row, props.live)} row={row} />}
              {row.kind === "entry" && <EntryFacts entry={head} />}
              <time
                className="sr-row-time"
                dateTime={head.at ?? undefined}
                title={formatDateTimeExact(head.at, zone)}
              >
                {formatTime(head.at, zone)}
              </time>
            </span>
          </header>
          {row.kind === "entry" && <Preview entry={row.entry} find={props.find} />}
          {row.kind === "tool" && <ToolBody row={row} find={props.find} subagent={props.subagent} />}
          {row.kind === "fold" && <FoldBody row={row} open={open} toggle={props.toggle} />}
        </div>
      </article>
    </>
  );
});

function IdleGap({ idle_ms }: { idle_ms: number }) {
  return (
    <div className="sr-idle">
      <span>
        <Glyph name="clock" /> {formatDuration(idle_ms)} without activity
      </span>
    </div>
  );
}

interface WordsProps {
  row: Row;
  head: Entry;
  find: string;
  project: string | null;
  depth: number;
}

function RowWords({ row, head, find, project, depth }: WordsProps) {
  const marks = row.kind === "tool" && row.result ? [head, row.result] : [head];
  const { aside } = wordsOf(head);
  return (
    <span className="sr-row-words">
      <span className="sr-row-type">{TYPE_WORDS[head.type]}</span>
      {head.tool && head.type === "tool" && (
        <span className="sr-row-tool">
          <VisibleText text={toolName(head.tool)} find={find} />
        </span>
      )}
      {row.kind === "entry" && head.type === "system" && !isDamaged(head) && head.label === "" && (
        <span className="sr-row-label">{head.raw_type}</span>
      )}
      {row.kind !== "fold" && head.label !== "" && !(head.tool ?? "").includes(head.label) && (
        <span className="sr-row-label" title={head.label}>
          <VisibleText text={relativePath(head.label, project)} find={find} />
        </span>
      )}
      {row.kind !== "fold" && aside !== "" && (
        <span className="sr-row-aside" title={aside}>
          <VisibleText text={aside} find={find} />
        </span>
      )}
      {row.kind === "entry" && head.type === "tool" && head.role === "result" && (
        <Badge text="result without its call" />
      )}
      {isDamaged(head) && (
        <Badge tone="error" text={head.raw_type === "damaged" ? "damaged line" : "oversized line"} />
      )}
      {head.inherited && <Badge text="copied from another session" />}
      {head.sidechain && depth === 1 && <Badge text="subagent" />}
      {row.kind === "tool" && (row.result?.has_diff || head.has_diff) && !hasFailed(row) && (
        <Badge text={changeOf(row.result?.preview ?? "")?.counts ?? "diff"} tone="diff" />
      )}
      {marks.flatMap((entry) =>
        entry.findings.map((finding) => (
          <Badge key={`${entry.seq} ${finding.rule}`} tone={finding.severity} text={finding.rule} />
        )),
      )}
    </span>
  );
}

/** `mcp__github__create_issue` is `create_issue` of the server `github`. */
export function toolName(tool: string): string {
  const parts = /^mcp__(.+?)__(.+)$/.exec(tool);
  return parts ? `${parts[1]} › ${parts[2]}` : tool;
}

function Badge({ text, tone = "plain" }: { text: string; tone?: string }) {
  return <span className={`sr-badge sr-badge-${tone}`}>{text}</span>;
}

function EntryFacts({ entry }: { entry: Entry }) {
  return (
    <>
      {entry.is_denied && <StatusMark status="denied" />}
      {entry.is_error && !entry.is_denied && <StatusMark status="error" />}
      {entry.duration_ms !== null && <span title="Duration">{formatDuration(entry.duration_ms)}</span>}
      {entry.type === "assistant" && entry.tokens && entry.tokens.output > 0 && (
        <span title={`${formatCount(entry.tokens.output)} output tokens, recorded for the whole message`}>
          {formatShort(entry.tokens.output)} tok
        </span>
      )}
    </>
  );
}

const STATUS_WORDS: Record<ToolStatus, string> = {
  running: "Running",
  ok: "OK",
  error: "Error",
  denied: "Denied",
  "no-result": "No result",
};

function StatusMark({ status }: { status: ToolStatus }) {
  return (
    <span className={`sr-status sr-status-mark-${status}`}>
      {status === "running" ? (
        <span className="sr-spinner" aria-hidden="true" />
      ) : (
        <Glyph name={GLYPH_OF[status]} />
      )}
      {STATUS_WORDS[status]}
    </span>
  );
}

const GLYPH_OF = { ok: "check", error: "cross", denied: "denied", "no-result": "question" } as const;

function Status({ status, row }: { status: ToolStatus; row: ToolRow }) {
  const duration = durationOf(row);
  return (
    <>
      {duration !== null && (
        <span
          title={
            row.result?.duration_ms === null ? "Time between the call and its result" : "Duration as recorded"
          }
        >
          {formatDuration(duration)}
        </span>
      )}
      <StatusMark status={status} />
    </>
  );
}

function Preview({ entry, find }: { entry: Entry; find: string }) {
  const { aside, body: text } = wordsOf(entry);
  if (text.trim() === "") {
    const isBlank = entry.label === "" && aside === "";
    return isBlank ? <p className="sr-preview sr-preview-none">no text</p> : null;
  }
  if (entry.type === "assistant" || entry.type === "summary") return <ProsePreview text={text} find={find} />;
  const machine =
    isDamaged(entry) || entry.type === "tool" || entry.type === "system" || entry.type === "snapshot";
  return (
    <div className={machine ? "sr-preview sr-preview-mono" : "sr-preview"}>
      <PreviewText text={text} terminal={isTerminal(entry)} find={find} />
    </div>
  );
}

function PreviewText({ text, terminal, find }: { text: string; terminal: boolean; find: string }) {
  const dense = withoutEmptyLines(text);
  if (terminal) return <AnsiText text={dense} find={find} ground="page" />;
  return <VisibleText text={dense} find={find} />;
}

interface ToolBodyProps {
  row: ToolRow;
  find: string;
  subagent: Session | null;
}

function ToolBody({ row, find, subagent }: ToolBodyProps) {
  const { call, result } = row;
  const isChange = (result?.has_diff ?? false) && !hasFailed(row);
  const change = isChange ? changeOf(result?.preview ?? "") : null;
  // The result says what was changed; the call would say it again.
  const asked = isChange ? "" : wordsOf(call).body;
  const answered = change?.line ?? (saysNothing(row) ? "" : (result?.preview ?? ""));
  const tone = change ? (CHANGE_CLASS[answered[0] ?? ""] ?? "") : "";
  return (
    <>
      {asked.trim() !== "" && (
        <div className="sr-preview sr-preview-mono sr-preview-call">
          <PreviewText text={asked} terminal={false} find={find} />
        </div>
      )}
      {answered.trim() !== "" && (
        <div className={`sr-preview sr-preview-mono sr-preview-result ${tone}`}>
          <PreviewText text={answered} terminal={isTerminal(call)} find={find} />
        </div>
      )}
      <SubagentLink row={row} subagent={subagent} />
    </>
  );
}

/** Tools that answer each call with the same sentence. */
const SAME_ANSWER_TOOLS = new Set(["TodoWrite"]);

function saysNothing(row: ToolRow): boolean {
  return SAME_ANSWER_TOOLS.has(row.call.tool ?? "") && !hasFailed(row);
}

const CHANGE_CLASS: Record<string, string> = { "+": "sr-plus", "-": "sr-minus" };

/** One quiet word in the head of a row: a command can report hundreds of times. */
function ProgressToggle({ row, open, toggle }: { row: ToolRow; open: boolean; toggle: (row: Row) => void }) {
  const { length } = row.progress;
  return (
    <button
      type="button"
      className="sr-link-button sr-row-reports"
      aria-expanded={open}
      title={`Progress reports and hooks of this call: ${formatCount(length)}`}
      onClick={(event) => {
        event.stopPropagation();
        toggle(row);
      }}
    >
      <Glyph name={open ? "down" : "right"} />
      {length === 1 ? "1 report" : `${formatCount(length)} reports`}
    </button>
  );
}

function SubagentLink({ row, subagent }: { row: ToolRow; subagent: Session | null }) {
  const id = row.call.subagent_session_id ?? row.result?.subagent_session_id ?? null;
  if (id === null) return null;
  return (
    <div className="sr-subagent">
      <Link
        className="sr-subagent-link"
        to="/replay/$sessionId"
        params={{ sessionId: id }}
        onClick={(event) => event.stopPropagation()}
      >
        <Glyph name="agent" /> Open subagent
      </Link>
      {subagent && (
        <span className="sr-subagent-figures">
          {[
            subagent.agent_type,
            `${formatCount(subagent.tool_calls)} tool calls`,
            `${formatShort(subagent.tokens.total)} tokens`,
            formatDuration(subagent.duration_ms),
          ]
            .filter(Boolean)
            .join(" · ")}
          {subagent.live && <span className="sr-live"> Live</span>}
        </span>
      )}
    </div>
  );
}

function FoldBody({ row, open, toggle }: { row: FoldRow; open: boolean; toggle: (row: Row) => void }) {
  return (
    <button
      type="button"
      className="sr-link-button sr-fold"
      aria-expanded={open}
      onClick={(event) => {
        event.stopPropagation();
        toggle(row);
      }}
    >
      <Glyph name={open ? "down" : "right"} />
      {row.entries.length === 1 ? "1 machine record" : `${formatCount(row.entries.length)} machine records`}
      <span className="sr-fold-kinds">{kindsOf(row.entries)}</span>
    </button>
  );
}

const KINDS_SHOWN_MAX = 4;

/** `prompt_snapshot, api-request-shape ×3, …`: the raw types of a run, most frequent first. */
export function kindsOf(entries: readonly Entry[]): string {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const kind = entry.raw_type.replace(/^(?:attachment|system)\//, "");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts].sort((one, other) => other[1] - one[1]);
  const shown = kinds
    .slice(0, KINDS_SHOWN_MAX)
    .map(([kind, count]) => (count > 1 ? `${kind} ×${count}` : kind));
  if (kinds.length > KINDS_SHOWN_MAX) shown.push(`${kinds.length - KINDS_SHOWN_MAX} more kinds`);
  return shown.join(", ");
}

function subagentOf(row: Row, subagents: ReadonlyMap<string, Session>): Session | null {
  if (row.kind !== "tool") return null;
  const id = row.call.subagent_session_id ?? row.result?.subagent_session_id ?? null;
  return id === null ? null : (subagents.get(id) ?? null);
}

/** One sentence on a row, for people who hear the page. */
export function spokenRow(row: Row, live: boolean, zone: string): string {
  const head = headOf(row);
  const parts = [TYPE_WORDS[head.type]];
  if (row.kind === "tool") parts.push(head.tool ?? "", STATUS_WORDS[statusOf(row, live)]);
  if (row.kind === "fold") parts.push(`${row.entries.length} machine records`);
  if (isDamaged(head)) parts.push("damaged line");
  parts.push(head.label, formatTime(head.at, zone), head.preview.slice(0, 120));
  return parts.filter(Boolean).join(", ");
}
