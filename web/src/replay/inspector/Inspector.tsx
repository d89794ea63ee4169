import { type ReactNode, useState } from "react";
import { formatDuration, formatTime } from "../../format";
import { Failure } from "../../shell/FailurePage";
import { useZoneName } from "../../timeZone";
import { permanentLink } from "../address";
import { CopyButton } from "../clipboard";
import type { EntryWhole, Session } from "../shapes";
import { Code } from "../text/Code";
import { VisibleText } from "../text/VisibleText";
import { Glyph, TYPE_WORDS, TypeIcon } from "../trace/EntryMark";
import { durationOf, headOf, type Row, statusOf } from "../trace/rows";
import { toolName } from "../trace/TraceRow";
import { type DiffLayout, DiffTab, noDiffReason } from "./DiffTab";
import { MetaTab } from "./MetaTab";
import { Block, Part } from "./Part";
import { ToolCall } from "./ToolViews";
import { isRecord } from "./toolInput";
import { useEntryWhole } from "./useEntryWhole";

export const TABS = ["content", "diff", "meta"] as const;
export type Tab = (typeof TABS)[number];

const TAB_WORDS: Record<Tab, string> = { content: "Content", diff: "Diff", meta: "Meta" };

interface Props {
  sessionId: string;
  session: Session | null;
  /** The row that is looked at, null while nothing is selected. */
  row: Row | null;
  /** The entry of the row that was asked for: a member of a run, or the result of a call. */
  seq: number | null;
  /** What the address names as an entry, where this session has no such entry. */
  missing: string | null;
  live: boolean;
  rewrites: number;
  tab: Tab;
  onTab: (tab: Tab) => void;
  layout: DiffLayout;
  onLayout: (layout: DiffLayout) => void;
  wide: boolean;
  onWide: () => void;
  onStep: (step: 1 | -1) => void;
  onClose: () => void;
}

/** The right panel: all of one entry; of a tool call with its result, both. */
export function Inspector(props: Props) {
  const { row, seq } = props;
  if (!row || seq === null) {
    return (
      <aside className="sr-inspector" aria-label="Inspector">
        <div className="sr-inspector-head">
          <span className="sr-inspector-title">Inspector</span>
          <CloseButton onClose={props.onClose} />
        </div>
        <p className="sr-empty">
          {props.missing === null
            ? "Select an entry to see all of it: its content, its file changes, its meta data."
            : `There is no entry ${props.missing} in this session: the link may be cut off, or of another session.`}
        </p>
      </aside>
    );
  }
  const seqs = row.kind === "tool" ? [row.call.seq, row.result?.seq ?? null] : [seq, null];
  return (
    <aside className="sr-inspector" aria-label="Inspector">
      <Heading {...props} row={row} />
      {/* A new entry starts anew: what was unfolded belongs to the old one. */}
      <Body key={seqs[0]} {...props} row={row} first={seqs[0] ?? seq} second={seqs[1] ?? null} />
    </aside>
  );
}

function Heading({ row, sessionId, live, wide, onWide, onStep, onClose, seq }: Props & { row: Row }) {
  const zone = useZoneName();
  const head =
    row.kind === "fold" ? (row.entries.find((entry) => entry.seq === seq) ?? headOf(row)) : headOf(row);
  const duration = row.kind === "tool" ? durationOf(row) : null;
  return (
    <div className="sr-inspector-head">
      <TypeIcon type={head.type} />
      <span className={`sr-inspector-title sr-type-${head.type}`}>
        {TYPE_WORDS[head.type]}
        {head.tool && head.type === "tool" && (
          <b>
            {" "}
            <VisibleText text={toolName(head.tool)} />
          </b>
        )}
      </span>
      <span className="sr-inspector-facts">
        {formatTime(head.at, zone)}
        {duration !== null && ` · ${formatDuration(duration)}`}
        {row.kind === "tool" && statusOf(row, live) !== "ok" && ` · ${statusOf(row, live).replace("-", " ")}`}
      </span>
      <span className="sr-inspector-actions">
        <CopyButton text={() => permanentLink(sessionId, head.seq)} label="Copy link to entry" glyph="link" />
        <IconButton label="Previous entry (k)" glyph="up" onClick={() => onStep(-1)} />
        <IconButton label="Next entry (j)" glyph="down" onClick={() => onStep(1)} />
        <IconButton
          label={wide ? "Normal width (f)" : "Full width (f)"}
          glyph={wide ? "right" : "left"}
          onClick={onWide}
        />
        <CloseButton onClose={onClose} />
      </span>
    </div>
  );
}

interface IconButtonProps {
  label: string;
  glyph: "up" | "down" | "left" | "right" | "cross";
  onClick: () => void;
}

function IconButton({ label, glyph, onClick }: IconButtonProps) {
  return (
    <button type="button" className="sr-icon-button" aria-label={label} title={label} onClick={onClick}>
      <Glyph name={glyph} />
    </button>
  );
}

function CloseButton({ onClose }: { onClose: () => void }) {
  return <IconButton label="Close the inspector (])" glyph="cross" onClick={onClose} />;
}

interface BodyProps extends Props {
  row: Row;
  first: number;
  second: number | null;
}

function Body(props: BodyProps) {
  const { sessionId, rewrites, row, first, second, tab, onTab } = props;
  const call = useEntryWhole(sessionId, first, rewrites);
  const result = useEntryWhole(sessionId, second, rewrites);
  const diffs = result.data?.diff.length ? result.data.diff : (call.data?.diff ?? []);
  const hasDiff =
    row.kind === "tool" ? row.call.has_diff || (row.result?.has_diff ?? false) : diffs.length > 0;
  const tool = row.kind === "fold" ? null : headOf(row).tool;
  const failed = [call, result].find((query) => query.isError);
  return (
    <>
      <TabBar tab={tab} onTab={onTab} disabled={hasDiff ? null : noDiffReason(tool)} />
      <div
        className="sr-inspector-body"
        role="tabpanel"
        id="sr-tabpanel"
        aria-labelledby={`sr-tab-${tab}`}
        tabIndex={-1}
      >
        {failed ? (
          <Failure error={failed.error} retry={() => void failed.refetch()} />
        ) : !call.data ? (
          <Waiting />
        ) : tab === "meta" ? (
          <Metas {...props} call={call.data} result={result.data ?? null} />
        ) : tab === "diff" ? (
          <Diffs {...props} diffs={diffs} waiting={result.isLoading} reason={noDiffReason(tool)} />
        ) : (
          <Contents
            row={row}
            call={call.data}
            result={result.data ?? null}
            waiting={result.isLoading}
            live={props.live}
          />
        )}
      </div>
    </>
  );
}

function TabBar({ tab, onTab, disabled }: { tab: Tab; onTab: (tab: Tab) => void; disabled: string | null }) {
  return (
    <div className="sr-tabs" role="tablist" aria-label="Inspector">
      {TABS.map((one, index) => {
        const off = one === "diff" ? disabled : null;
        return (
          <button
            key={one}
            id={`sr-tab-${one}`}
            type="button"
            role="tab"
            aria-selected={tab === one}
            aria-controls="sr-tabpanel"
            aria-disabled={off !== null}
            title={off ?? `${TAB_WORDS[one]} (${index + 1})`}
            onClick={() => onTab(one)}
          >
            {TAB_WORDS[one]}
          </button>
        );
      })}
    </div>
  );
}

function Waiting() {
  return (
    <div className="sr-skeleton" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}

type Wholes = { call: EntryWhole; result: EntryWhole | null };

function Metas({ row, call, result, session }: BodyProps & Wholes) {
  if (row.kind !== "tool") return <MetaTab whole={call} session={session} />;
  return (
    <>
      <h2 className="sr-half">Call</h2>
      <MetaTab whole={call} session={session} />
      {result && (
        <>
          <h2 className="sr-half">Result</h2>
          <MetaTab whole={result} session={session} />
        </>
      )}
    </>
  );
}

type DiffsProps = BodyProps & { diffs: EntryWhole["diff"]; waiting: boolean; reason: string };

function Diffs({ diffs, layout, onLayout, waiting, reason, session }: DiffsProps) {
  if (waiting) return <Waiting />;
  if (diffs.length === 0) return <p className="sr-empty">{reason}</p>;
  return <DiffTab diffs={diffs} layout={layout} onLayout={onLayout} project={session?.project ?? null} />;
}

function Contents({
  row,
  call,
  result,
  waiting,
  live,
}: Wholes & { row: Row; waiting: boolean; live: boolean }) {
  if (row.kind !== "tool") {
    return (
      <>
        {call.raw_type === "damaged" && (
          <p className="sr-notice sr-notice-error">
            This line is damaged: it is no whole JSON object. It is stored and shown as it came.
          </p>
        )}
        <Parts whole={call} />
        <RawLine whole={call} />
      </>
    );
  }
  return (
    <>
      <Half title="Input">
        <PermissionWords whole={call} />
        <ToolCall whole={call} />
        <RawLine whole={call} />
      </Half>
      <Half title="Output">
        {waiting && <Waiting />}
        {result && (
          <>
            <PermissionWords whole={result} />
            <Outcome whole={result} />
            <Parts whole={result} />
            <RawLine whole={result} />
          </>
        )}
        {!row.result && (
          <p className="sr-empty">
            {live
              ? "Still running: the result will appear here."
              : "The transcript holds no result of this call."}
          </p>
        )}
      </Half>
    </>
  );
}

function Half({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="sr-half-section">
      <h2 className="sr-half">{title}</h2>
      {children}
    </section>
  );
}

function Parts({ whole }: { whole: EntryWhole }) {
  if (whole.content.every((part) => part.text !== null && part.text.trim() === ""))
    return <p className="sr-empty">Nothing was written here.</p>;
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a stored line never change
  return whole.content.map((part, index) => <Part key={index} part={part} />);
}

function PermissionWords({ whole }: { whole: EntryWhole }) {
  const permission = whole.meta.permission;
  const words = isRecord(permission) ? permission.words : null;
  if (typeof words !== "string") return null;
  return (
    <p className={whole.is_denied ? "sr-notice sr-notice-error" : "sr-notice"}>
      <VisibleText text={words} />
    </p>
  );
}

/** How a command ended, as far as the line tells. */
function Outcome({ whole }: { whole: EntryWhole }) {
  const tool = isRecord(whole.meta.tool) ? whole.meta.tool : {};
  const exit = typeof tool.exit_code === "number" && `Exit code ${tool.exit_code}`;
  const facts = [
    exit && !whole.content.some((part) => isFirstLine(exit, part.text)) && exit,
    tool.interrupted === true && "interrupted",
    typeof tool.background_task_id === "string" && `runs in the background as ${tool.background_task_id}`,
  ].filter((fact) => typeof fact === "string");
  if (facts.length === 0) return null;
  return <p className={whole.is_error ? "sr-notice sr-notice-error" : "sr-notice"}>{facts.join(" · ")}</p>;
}

/** The client itself writes `Exit code 1` above the output of a command that failed. */
function isFirstLine(line: string, text: string | null): boolean {
  return (
    text
      ?.trimStart()
      .split("\n", 1)[0]
      ?.trimEnd()
      .replace(/^Error: /, "") === line
  );
}

const RAW_CHARACTERS_MAX = 200_000;

function RawLine({ whole }: { whole: EntryWhole }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="sr-raw">
      <button type="button" className="sr-link-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Glyph name={open ? "down" : "right"} /> Raw JSON
      </button>
      {open && (
        <Block label="line as stored" copy={whole.raw}>
          <Code text={readable(whole.raw)} language="json" />
          {whole.raw.length > RAW_CHARACTERS_MAX && (
            <p className="sr-note">Cut here; the copy button gives all of it.</p>
          )}
        </Block>
      )}
    </div>
  );
}

/** Indented where it is JSON and not too long; else as it stands. */
function readable(raw: string): string {
  if (raw.length > RAW_CHARACTERS_MAX) return raw.slice(0, RAW_CHARACTERS_MAX);
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}
