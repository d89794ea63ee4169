import { formatDuration, formatTime } from "../../format";
import { Failure } from "../../shell/FailurePage";
import { useZoneName } from "../../timeZone";
import { permanentLink } from "../address";
import { CopyButton } from "../clipboard";
import type { Entry, EntryWhole, Session } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { Glyph, TYPE_WORDS, TypeIcon } from "../trace/EntryMark";
import { durationOf, headOf, type Row, statusOf } from "../trace/rows";
import { toolName } from "../trace/words";
import { Content } from "./Content";
import { type DiffLayout, DiffTab, noDiffReason } from "./DiffTab";
import { Drawn } from "./Drawn";
import { diffsOf } from "./diffs";
import { MetaTab } from "./MetaTab";
import { SessionFacts } from "./SessionFacts";
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
  /** What the address names, an entry or a subagent, where this session has no such thing. */
  missing: string | null;
  /** The entries that have come, by number. */
  entries: ReadonlyMap<number, Entry>;
  /** Go to another entry of the session. */
  onEntry: (address: number | string) => void;
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
  const { seq } = props;
  const row = props.row && seq !== null ? reportOf(props.row, seq) : null;
  if (!row || seq === null) {
    return (
      <aside className="sr-inspector" aria-label="Inspector">
        <div className="sr-inspector-head">
          <div className="sr-inspector-words">
            <h2 className="sr-inspector-title">
              {props.session?.parent_id != null ? "This subagent" : "This session"}
            </h2>
          </div>
          <CloseButton onClose={props.onClose} />
        </div>
        {props.missing !== null && (
          <p className="sr-notice sr-notice-error sr-inspector-missing" role="status">
            There is no {props.missing} in this session: the link may be cut off, or of another session.
          </p>
        )}
        <p className="sr-empty">
          Select an entry to see all of it: its content, its file changes, its meta data.
        </p>
        {props.session && <SessionFacts session={props.session} />}
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

/** The row, or the one report in it that was asked for: a hook, what a command had written so far. */
function reportOf(row: Row, seq: number): Row {
  const report = row.kind === "tool" ? row.progress.find((entry) => entry.seq === seq) : undefined;
  if (!report) return row;
  return { kind: "entry", key: report.seq, entry: report, depth: row.depth + 1, idle_ms: null };
}

function Heading({ row, sessionId, live, wide, onWide, onStep, onClose, seq }: Props & { row: Row }) {
  const zone = useZoneName();
  const head =
    row.kind === "fold" ? (row.entries.find((entry) => entry.seq === seq) ?? headOf(row)) : headOf(row);
  const duration = row.kind === "tool" ? durationOf(row) : null;
  return (
    <div className="sr-inspector-head">
      <TypeIcon type={head.type} />
      <div className="sr-inspector-words">
        <h2
          className={`sr-inspector-title sr-type-${head.type}`}
          title={head.type === "tool" ? (head.tool ?? undefined) : undefined}
        >
          {TYPE_WORDS[head.type]}
          {head.tool && head.type === "tool" && (
            <b>
              {" "}
              <VisibleText text={toolName(head.tool)} />
            </b>
          )}
        </h2>
        <span className="sr-inspector-facts">
          {formatTime(head.at, zone)}
          {duration !== null && ` · ${formatDuration(duration)}`}
          {row.kind === "tool" &&
            statusOf(row, live) !== "ok" &&
            ` · ${statusOf(row, live).replace("-", " ")}`}
        </span>
      </div>
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
  const diffs = diffsOf(call.data, result.data);
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
        ) : (
          <Drawn
            wholes={result.data ? [call.data, result.data] : [call.data]}
            attempt={`${tab} ${result.isLoading}`}
          >
            {tab === "meta" ? (
              <Metas {...props} call={call.data} result={result.data ?? null} />
            ) : tab === "diff" ? (
              <Diffs {...props} diffs={diffs} waiting={result.isLoading} reason={noDiffReason(tool)} />
            ) : (
              <Content
                row={row}
                call={call.data}
                result={result.data ?? null}
                diffs={diffs}
                project={props.session?.project ?? null}
                waiting={result.isLoading ? <Waiting /> : null}
                live={props.live}
                onEntry={props.onEntry}
              />
            )}
          </Drawn>
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

function Metas({ sessionId, row, call, result, session, entries, onEntry }: BodyProps & Wholes) {
  const more = { sessionId, session, entries, onEntry };
  if (row.kind !== "tool") return <MetaTab whole={call} {...more} />;
  return (
    <>
      <h2 className="sr-half">Call</h2>
      <MetaTab whole={call} {...more} />
      {result && (
        <>
          <h2 className="sr-half">Result</h2>
          <MetaTab whole={result} {...more} />
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
