import { memo, useRef } from "react";
import {
  formatCount,
  formatDate,
  formatDateTimeExact,
  formatDuration,
  formatShort,
  formatTime,
} from "../../format";
import { permanentLink } from "../address";
import { CopyButton } from "../clipboard";
import { isWrong } from "../instant";
import { relativePath } from "../paths";
import type { Entry, Session } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { Glyph, TYPE_WORDS, TypeIcon } from "./EntryMark";
import { Excerpt, excerptOf } from "./Excerpt";
import { hasFailed, isDamaged } from "./query";
import { RowText } from "./RowText";
import { LEVEL_PX, Rails, useKeptFocus } from "./rowFrame";
import {
  type AgentRow,
  durationOf,
  entriesOf,
  type FoldRow,
  headOf,
  type Row,
  statusOf,
  type ToolRow,
  type ToolStatus,
} from "./rows";
import { Spawned, SubagentRow } from "./SubagentRow";
import type { SubagentTraces } from "./subagentTraces";
import type { Excerpts } from "./useMatches";
import { changeOf, toolName, wordsOf } from "./words";

/** What all rows of a trace share; one object, so that a row is drawn again only when it or this changes. */
export interface TraceScene {
  sessionId: string;
  live: boolean;
  zone: string;
  /** The session's directory: paths below it are shown from there. */
  project: string | null;
  /** Lower-cased words to mark; empty for none. */
  find: string;
  /** Of entries whose full text has the words. */
  excerpts?: Excerpts;
  selectedKey: number | null;
  open: ReadonlySet<number>;
  subagents: ReadonlyMap<string, Session>;
  dimPrompts: boolean;
  /** The trace is a subagent's own: all of it is a sidechain, and nothing is nested for that. */
  ownSidechain: boolean;
  /** Subagents that are opened in place, and how many rows each shows. */
  traces: SubagentTraces;
  shown: ReadonlyMap<string, number>;
  /** The subagents of each call, by the key of its row. */
  spawned: ReadonlyMap<number, readonly AgentRow[]>;
  /** Keys of the rows that show all of their entry. */
  whole: ReadonlySet<number>;
  rewrites: number;
  select: (row: Row) => void;
  toggle: (row: Row) => void;
  toggleWhole: (row: Row) => void;
  /** Opens a subagent below its row, or closes it. */
  toggleSubagent: (row: AgentRow) => void;
  /** Opens all subagents of a call, or closes them. */
  showAll: (agents: readonly AgentRow[], isShown: boolean) => void;
  closeSubagent: (sessionId: string) => void;
  retrySubagent: (sessionId: string) => void;
}

interface Props {
  row: Row;
  scene: TraceScene;
  position: number;
  total: number;
}

export function TraceRow({ row, scene, position, total }: Props) {
  const { nest } = row;
  const around = nest ? scene.traces.get(nest.sessionId) : undefined;
  const session = nest ? around?.session : undefined;
  const subagents = around?.subagents ?? scene.subagents;
  if (row.kind === "agent") {
    const trace = scene.traces.get(row.agent) ?? null;
    return (
      <SubagentRow
        row={row}
        sessionId={scene.sessionId}
        session={trace?.session ?? subagents.get(row.agent) ?? null}
        trace={trace}
        shown={scene.shown.get(row.agent) ?? 0}
        selected={scene.selectedKey === row.key}
        zone={scene.zone}
        position={position}
        total={total}
        select={scene.select}
        toggle={scene.toggleSubagent}
        retry={scene.retrySubagent}
        closeSubagent={scene.closeSubagent}
      />
    );
  }
  const agents = scene.spawned.get(row.key) ?? NO_AGENTS;
  return (
    <RowFrame
      row={row}
      selected={scene.selectedKey === row.key}
      open={scene.open.has(row.key)}
      whole={scene.whole.has(row.key)}
      live={(session?.live ?? scene.live) && row.kind === "tool"}
      agents={agents}
      agentsOpen={agents.filter((one) => scene.traces.has(one.agent)).length}
      agentsLive={agents.filter((one) => subagents.get(one.agent)?.live).length}
      zone={scene.zone}
      project={session ? session.project : scene.project}
      find={scene.find}
      excerpt={nest ? null : excerptOf(row, scene.excerpts)}
      sessionId={scene.sessionId}
      rewrites={around?.rewrites ?? scene.rewrites}
      depth={row.depth - (scene.ownSidechain && !nest && headOf(row).sidechain ? 1 : 0)}
      dimmed={scene.dimPrompts && row.kind === "entry" && row.entry.type === "user"}
      select={scene.select}
      toggle={scene.toggle}
      toggleWhole={scene.toggleWhole}
      showAll={scene.showAll}
      closeSubagent={scene.closeSubagent}
      position={position}
      total={total}
    />
  );
}

/** One for all rows, so that a row is drawn again only where something changed. */
const NO_AGENTS: readonly AgentRow[] = [];

interface FrameProps {
  row: Row;
  selected: boolean;
  open: boolean;
  whole: boolean;
  live: boolean;
  /** What the row's call spawned; how many of it are opened in place, and how many still work. */
  agents: readonly AgentRow[];
  agentsOpen: number;
  agentsLive: number;
  zone: string;
  project: string | null;
  find: string;
  excerpt: string | null;
  sessionId: string;
  rewrites: number;
  dimmed: boolean;
  depth: number;
  select: (row: Row) => void;
  toggle: (row: Row) => void;
  toggleWhole: (row: Row) => void;
  showAll: (agents: readonly AgentRow[], isShown: boolean) => void;
  closeSubagent: (sessionId: string) => void;
  position: number;
  total: number;
}

const RowFrame = memo(function RowFrame(props: FrameProps) {
  const { row, selected, open, zone, sessionId } = props;
  const head = headOf(row);
  const agent = row.nest?.sessionId;
  const article = useRef<HTMLElement>(null);
  useKeptFocus(article);
  const names = ["sr-row", `sr-type-${head.type}`, `sr-kind-${row.kind}`];
  if (selected) names.push("sr-row-selected");
  if (head.inherited) names.push("sr-row-inherited");
  if (props.dimmed) names.push("sr-row-dimmed");
  if (isHumanPrompt(row, props.depth)) names.push("sr-row-prompt");
  if (row.kind === "tool") names.push(`sr-status-${statusOf(row, props.live)}`);
  if (entriesOf(row).some((entry) => entry.is_error)) names.push("sr-row-error");
  return (
    <>
      {row.idle_ms !== null && <IdleGap idle_ms={row.idle_ms} />}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter select; a tab stop for each of 100,000 rows would help nobody */}
      <article
        ref={article}
        className={names.join(" ")}
        style={props.depth > 0 ? { marginInlineStart: props.depth * LEVEL_PX } : undefined}
        aria-posinset={props.position + 1}
        aria-setsize={props.total}
        aria-current={selected ? "true" : undefined}
        data-key={row.key}
        data-seq={head.seq}
        data-agent={agent}
        onClick={() => {
          // Selecting text with the pointer ends in a click, too.
          if (window.getSelection()?.type !== "Range") props.select(row);
        }}
      >
        {row.nest && <Rails nest={row.nest} depth={props.depth} close={props.closeSubagent} />}
        <TypeIcon type={head.type} />
        <div className="sr-row-main">
          <header className="sr-row-head">
            <RowWords row={row} head={head} find={props.find} project={props.project} depth={props.depth} />
            <span className="sr-row-facts">
              <CopyButton
                text={() => permanentLink(sessionId, head.seq, agent)}
                label="Copy link to entry"
                glyph="link"
                reachable={selected}
              />
              {row.kind === "tool" && row.progress.length > 0 && (
                <ProgressToggle row={row} open={open} reachable={selected} toggle={props.toggle} />
              )}
              {row.kind === "tool" && <Status status={statusOf(row, props.live)} row={row} />}
              {row.kind === "entry" && <EntryFacts entry={head} />}
              <time
                className="sr-row-time"
                dateTime={head.at ?? undefined}
                title={formatDateTimeExact(head.at, zone)}
              >
                {isWrong(head.at) ? formatDate(head.at, zone) : formatTime(head.at, zone)}
              </time>
            </span>
          </header>
          <RowText
            row={row}
            sessionId={agent ?? sessionId}
            whole={props.whole}
            rewrites={props.rewrites}
            find={props.find}
            project={props.project}
            selected={selected}
            select={props.select}
            toggleWhole={props.toggleWhole}
          />
          {row.kind === "fold" && (
            <FoldBody row={row} open={open} reachable={selected} toggle={props.toggle} />
          )}
          {props.excerpt !== null && <Excerpt text={props.excerpt} find={props.find} />}
          {props.agents.length > 1 && (
            <Spawned
              agents={props.agents}
              open={props.agentsOpen}
              live={props.agentsLive}
              reachable={selected}
              showAll={props.showAll}
            />
          )}
        </div>
      </article>
    </>
  );
});

/** A chapter of the session; what a subagent was asked was written by the model. */
function isHumanPrompt(row: Row, depth: number): boolean {
  return row.kind === "entry" && row.entry.type === "user" && depth === 0;
}

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
      {isWrong(head.at) && (
        <Badge
          tone="error"
          text="wrong clock"
          title="No agent can have written this then: no duration is measured with this time"
        />
      )}
      {head.inherited && <Badge text="copied" title="Copied from another session, which counts it" />}
      {head.sidechain && !row.nest && depth === 1 && <Badge text="subagent" />}
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

function Badge({ text, tone = "plain", title }: { text: string; tone?: string; title?: string }) {
  return (
    <span className={`sr-badge sr-badge-${tone}`} title={title}>
      {text}
    </span>
  );
}

function EntryFacts({ entry }: { entry: Entry }) {
  return (
    <>
      {entry.is_denied && <StatusMark status="denied" permission={entry.facts?.permission} />}
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

type Permission = NonNullable<Entry["facts"]>["permission"];

/** `by` who said no, in a word or two; the whole sentence is its tooltip, and stands in the inspector. */
function StatusMark({ status, permission }: { status: ToolStatus; permission?: Permission }) {
  const by = status === "denied" && permission && permission.by !== "unknown" ? ` by ${permission.by}` : "";
  return (
    <span className={`sr-status sr-status-mark-${status}`} title={by === "" ? undefined : permission?.words}>
      {status === "running" ? (
        <span className="sr-spinner" aria-hidden="true" />
      ) : (
        <Glyph name={GLYPH_OF[status]} />
      )}
      {STATUS_WORDS[status]}
      {by}
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
      <StatusMark status={status} permission={row.result?.facts?.permission} />
    </>
  );
}

interface ToggleProps {
  open: boolean;
  /** Whether Tab stops here: only in the selected row, or a trace would have thousands of stops. */
  reachable: boolean;
  toggle: (row: Row) => void;
}

/** One quiet word in the head of a row: a command can report hundreds of times. */
function ProgressToggle({ row, open, reachable, toggle }: ToggleProps & { row: ToolRow }) {
  const { length } = row.progress;
  return (
    <button
      type="button"
      className="sr-link-button sr-row-reports"
      aria-expanded={open}
      tabIndex={reachable ? 0 : -1}
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

function FoldBody({ row, open, reachable, toggle }: ToggleProps & { row: FoldRow }) {
  return (
    <button
      type="button"
      className="sr-link-button sr-fold"
      aria-expanded={open}
      tabIndex={reachable ? 0 : -1}
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

/** One sentence on a row, for people who hear the page. */
export function spokenRow(row: Row, live: boolean, zone: string): string {
  const head = headOf(row);
  const parts = [row.nest ? `In a subagent: ${TYPE_WORDS[head.type]}` : TYPE_WORDS[head.type]];
  if (row.kind === "tool") parts.push(head.tool ?? "", STATUS_WORDS[statusOf(row, live)]);
  if (row.kind === "fold") parts.push(`${row.entries.length} machine records`);
  if (isDamaged(head)) parts.push("damaged line");
  parts.push(head.label, formatTime(head.at, zone), head.preview.slice(0, 120));
  return parts.filter(Boolean).join(", ");
}
