import { Link } from "@tanstack/react-router";
import { memo, type ReactNode, useMemo } from "react";
import { Virtuoso } from "react-virtuoso";
import { ApiError, type Session } from "../api/client";
import type { FilterNode } from "../filter/filter";
import {
  formatCount,
  formatDateTime,
  formatDateTimeExact,
  formatDuration,
  formatShort,
  NONE,
  shortPath,
} from "../format";
import { visibleText } from "../replay/text/invisible";
import { useZoneName } from "../timeZone";
import { type Row, shortModel, titleOf } from "./rows";
import type { SessionsSearch } from "./search";
import { nextSort, SORT_DEFAULT, type Sort, type SortKey } from "./sort";
import "./SessionTable.css";

/** Every row has this height (SessionTable.css says it too), so that the list knows its length without measuring. */
const ROW_PX = 54;

interface Props {
  rows: Row[];
  filter: FilterNode | undefined;
  total: number | undefined;
  sort: Sort;
  onSort: (sort: Sort) => void;
  onToggle: (session: Session) => void;
  onRetry: (parent: Session) => void;
  onEnd: () => void;
}

/** The sessions as a table of plain elements, of which only the visible rows exist. */
export function SessionTable({ rows, filter, total, sort, onSort, onToggle, onRetry, onEnd }: Props) {
  const zone = useZoneName();
  const search = useMemo(
    () => ({ ...(filter && { filter }), ...(sort !== SORT_DEFAULT && { sort }) }),
    [filter, sort],
  );
  return (
    <div
      className="session-table"
      role="table"
      aria-label="Sessions"
      aria-rowcount={total === undefined ? -1 : total + 1}
    >
      <div role="rowgroup" className="session-head">
        <div role="row" className="session-row" aria-rowindex={1}>
          <Head className="cell-agent" text="Agent" />
          <Head className="cell-project" text="Project" />
          <Head
            className="cell-started"
            text="Started"
            note={zone}
            by="started_at"
            sort={sort}
            onSort={onSort}
          />
          <Head className="cell-number" text="Duration" by="duration_ms" sort={sort} onSort={onSort} />
          <Head className="cell-number" text="Messages" by="messages" sort={sort} onSort={onSort} />
          <Head className="cell-number cell-tokens" text="Tokens" by="tokens" sort={sort} onSort={onSort} />
          <Head className="cell-model" text="Model" />
        </div>
      </div>
      <div role="rowgroup">
        <Virtuoso
          useWindowScroll
          data={rows}
          fixedItemHeight={ROW_PX}
          increaseViewportBy={ROW_PX * 8}
          computeItemKey={(_, row) => row.key}
          endReached={onEnd}
          itemContent={(index, row) => (
            <TableRow
              row={row}
              index={index + 2}
              zone={zone}
              search={search}
              onToggle={onToggle}
              onRetry={onRetry}
            />
          )}
        />
      </div>
    </div>
  );
}

interface HeadProps {
  text: string;
  className: string;
  note?: string;
  by?: SortKey;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
}

function Head({ text, className, note, by, sort, onSort }: HeadProps) {
  const direction = sort === by ? "ascending" : sort === `-${by}` ? "descending" : undefined;
  const label = (
    <>
      {text}
      {note !== undefined && <small> {note}</small>}
    </>
  );
  return (
    <div role="columnheader" className={className} aria-sort={by && (direction ?? "none")}>
      {by === undefined || sort === undefined ? (
        label
      ) : (
        <button type="button" onClick={() => onSort?.(nextSort(sort, by))}>
          {label}
          <i aria-hidden="true" className={`sort-mark ${direction ?? ""}`} />
        </button>
      )}
    </div>
  );
}

interface RowProps {
  /** What the detail page needs to show the same list at its side. */
  search: SessionsSearch;
  row: Row;
  index: number;
  zone: string;
  onToggle: (session: Session) => void;
  onRetry: (parent: Session) => void;
}

const TableRow = memo(function TableRow({ row, index, zone, search, onToggle, onRetry }: RowProps) {
  if (row.kind !== "session") {
    return (
      <div role="row" className="session-row" aria-rowindex={index}>
        <div role="cell" className="cell-agent cell-beneath">
          <Trail trail={row.trail} />
          <span className="beneath">
            {row.kind === "loading" && <span className="beneath-loading">Loading subagents…</span>}
            {row.kind === "none" && "The subagents of this session are not stored."}
            {row.kind === "failed" && (
              <>
                {row.error instanceof ApiError ? row.error.detail : "The subagents could not be loaded."}{" "}
                <button type="button" onClick={() => onRetry(row.parent)}>
                  Retry
                </button>
              </>
            )}
          </span>
        </div>
      </div>
    );
  }
  return <SessionRow row={row} index={index} zone={zone} search={search} onToggle={onToggle} />;
});

function SessionRow({
  row,
  index,
  zone,
  search,
  onToggle,
}: Omit<RowProps, "row" | "onRetry"> & { row: Row & { kind: "session" } }) {
  const { session, depth } = row;
  const title = titleOf(session);
  const shown = visibleText(title.text);
  const models = session.models;
  return (
    <div role="row" className={depth === 0 ? "session-row" : "session-row subagent"} aria-rowindex={index}>
      <Cell className="cell-agent">
        <Trail trail={row.trail} />
        <span className="expand-place">
          {session.subagents > 0 && (
            <button
              type="button"
              className="expand"
              aria-expanded={row.open}
              aria-label={`${session.subagents === 1 ? "1 subagent" : `${formatCount(session.subagents)} subagents`} of ${shown}`}
              title={`${formatCount(session.subagents)} ${session.subagents === 1 ? "subagent" : "subagents"}`}
              onClick={() => onToggle(session)}
            >
              <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d="M6 3.5 10.5 8 6 12.5" />
              </svg>
            </button>
          )}
        </span>
        {depth === 0 ? <Agent session={session} /> : <Subagent session={session} depth={depth} />}
      </Cell>
      <Cell className="cell-project">
        <span className="title">
          {session.live && (
            <span className="live" title="The transcript grew within the last 5 minutes">
              Live
            </span>
          )}
          <Link
            to="/replay/$sessionId"
            params={{ sessionId: session.id }}
            search={search}
            className={title.known ? "session-link" : "session-link untitled"}
            title={shown}
          >
            <bdi>{shown}</bdi>
          </Link>
        </span>
        <span className="beside" title={session.project ?? session.folder}>
          {depth === 0 ? (
            <bdi className="path">
              {session.project === null ? session.folder || NONE : shortPath(session.project)}
            </bdi>
          ) : (
            session.agent_id
          )}
        </span>
      </Cell>
      <Cell
        className="cell-started"
        title={session.started_at === null ? undefined : formatDateTimeExact(session.started_at, zone)}
      >
        {formatDateTime(session.started_at, zone)}
      </Cell>
      <Cell className="cell-number" title={`active ${formatDuration(session.active_ms)}`}>
        {formatDuration(session.duration_ms)}
      </Cell>
      <Cell className="cell-number">{formatCount(session.messages)}</Cell>
      <Cell className="cell-number cell-tokens" title={formatCount(session.tokens.total)}>
        {formatShort(session.tokens.total)}
      </Cell>
      <Cell className="cell-model" title={models.join(", ") || undefined}>
        {models.length === 0 ? NONE : shortModel(models[0] ?? "")}
        {models.length > 1 && <small> +{models.length - 1}</small>}
      </Cell>
    </div>
  );
}

function Agent({ session }: { session: Session }) {
  return (
    <span className="agent">
      <strong title={session.client.host}>{session.client.host}</strong>
      <span className="beside" title={session.client.user}>
        {session.client.user}
        {session.orphan && " · subagent without its session"}
      </span>
    </span>
  );
}

function Subagent({ session, depth }: { session: Session; depth: number }) {
  return (
    <span className="agent">
      <span className="visually-hidden">Subagent, level {depth}: </span>
      <span className="agent-type">{session.agent_type ?? "Subagent"}</span>
      {session.warmup && <span className="beside">warm-up</span>}
    </span>
  );
}

/** The lines of the tree: one column for each level, the last one with an elbow to this row. */
function Trail({ trail }: { trail: boolean[] }) {
  return trail.map((goesOn, level) => (
    <i
      aria-hidden="true"
      // biome-ignore lint/suspicious/noArrayIndexKey: a level is its number
      key={level}
      className={["trail", goesOn && "trail-on", level === trail.length - 1 && "trail-elbow"]
        .filter(Boolean)
        .join(" ")}
    />
  ));
}

function Cell({
  className,
  title,
  children,
}: {
  className: string;
  title?: string | undefined;
  children: ReactNode;
}) {
  return (
    <div role="cell" className={className} title={title}>
      {children}
    </div>
  );
}

/** What stands for the rows while they are loaded for the first time. */
export function TableSkeleton({ rows = 10 }: { rows?: number }) {
  return (
    <div className="session-skeleton" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: nothing but a place
        <div key={index} className="session-row">
          <span />
          <span />
          <span />
          <span />
          <span />
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}
