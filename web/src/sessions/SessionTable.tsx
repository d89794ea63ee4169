import { Link } from "@tanstack/react-router";
import { type CSSProperties, memo, type PointerEvent, type ReactNode, useMemo } from "react";
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
import { type Column, gridTracks } from "./columns";
import { type Density, density } from "./preferences";
import { isUnread, type Row, shortModel, titleOf } from "./rows";
import type { SessionsSearch } from "./search";
import { nextSort, SORT_DEFAULT, type Sort, type SortKey } from "./sort";
import "./SessionTable.css";

/** Every row has the same height, so that the list knows its length without measuring. */
const ROW_PX: Record<Density, number> = { comfortable: 54, compact: 34 };
const ROWS_BEYOND = 8;

interface Props {
  rows: Row[];
  columns: readonly Column[];
  filter: FilterNode | undefined;
  total: number | undefined;
  sort: Sort;
  onSort: (sort: Sort) => void;
  onToggle: (session: Session) => void;
  onRetry: (parent: Session) => void;
  onEnd: () => void;
}

/** The sessions as a table of plain elements, of which only the visible rows exist. */
export function SessionTable({
  rows,
  columns,
  filter,
  total,
  sort,
  onSort,
  onToggle,
  onRetry,
  onEnd,
}: Props) {
  const zone = useZoneName();
  const rowDensity = density.use();
  const row_px = ROW_PX[rowDensity];
  const search = useMemo(
    () => ({ ...(filter && { filter }), ...(sort !== SORT_DEFAULT && { sort }) }),
    [filter, sort],
  );
  // The total is that of the main sessions alone.
  const beneath = rows.filter(({ depth }) => depth > 0).length;
  return (
    <div
      className="session-table"
      data-density={rowDensity}
      style={tableStyle(columns, row_px)}
      role="table"
      aria-label="Sessions"
      aria-rowcount={total === undefined ? -1 : total + 1 + beneath}
    >
      <div role="rowgroup" className="session-head">
        <div role="row" className="session-row" aria-rowindex={1}>
          <Head className="cell-agent" text="Agent" />
          <Head className="cell-project" text="Project" />
          {columns.map(({ key, label, by, numeric }) => (
            <Head
              key={key}
              className={numeric ? "cell-number" : ""}
              text={label}
              {...(key === "started_at" && { note: zone })}
              {...(by && { by, sort, onSort })}
            />
          ))}
        </div>
      </div>
      <div role="rowgroup">
        <Virtuoso
          // Another height is another list: what it has measured would be wrong.
          key={rowDensity}
          useWindowScroll
          data={rows}
          fixedItemHeight={row_px}
          increaseViewportBy={row_px * ROWS_BEYOND}
          computeItemKey={(_, row) => row.key}
          endReached={onEnd}
          itemContent={(index, row) => (
            <TableRow
              row={row}
              columns={columns}
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

/** The session whose link has the focus. */
export function focusedSession(): string | null {
  return document.activeElement?.getAttribute("data-session") ?? null;
}

/** Gives the focus to the link of a session, null standing for none; false while there is no such row. */
export function focusSession(id: string | null): boolean {
  if (id === null) return true;
  const link = document.querySelector<HTMLElement>(`[data-session="${CSS.escape(id)}"]`);
  link?.focus({ preventScroll: true });
  return link !== null;
}

function tableStyle(columns: readonly Column[], row_px: number): CSSProperties {
  return { "--columns": gridTracks(columns), "--row": `${row_px}px` } as CSSProperties;
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
  columns: readonly Column[];
  index: number;
  zone: string;
  onToggle: (session: Session) => void;
  onRetry: (parent: Session) => void;
}

const TableRow = memo(function TableRow(props: RowProps) {
  const { row, index, onRetry } = props;
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
  return <SessionRow {...props} row={row} />;
});

function SessionRow({
  row,
  columns,
  index,
  zone,
  search,
  onToggle,
}: Omit<RowProps, "row" | "onRetry"> & { row: Row & { kind: "session" } }) {
  const { session, depth } = row;
  const title = titleOf(session);
  const shown = visibleText(title.text);
  return (
    <div
      role="row"
      className={depth === 0 ? "session-row" : "session-row subagent"}
      aria-rowindex={index}
      onPointerMove={tellWhatIsUnder}
    >
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
          {session.damaged && (
            <span
              className="damaged"
              title="Some of what is stored of this session cannot be opened: it was damaged or changed. What can be read is shown."
            >
              Damaged
            </span>
          )}
          <Link
            to="/replay/$sessionId"
            params={{ sessionId: session.id }}
            search={search}
            className={title.known ? "session-link" : "session-link untitled"}
            data-session={session.id}
          >
            <bdi title={shown}>{shown}</bdi>
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
      {columns.map((column) => (
        <ColumnCell key={column.key} column={column} session={session} zone={zone} />
      ))}
    </div>
  );
}

/**
 * Gives the link that covers the row the tooltip of the cell under the pointer.
 *
 * The link is on top, so that any place of the row opens the session; what lies under it gets no tooltip of its own.
 */
function tellWhatIsUnder({ target, clientX, clientY }: PointerEvent) {
  if (!(target instanceof HTMLAnchorElement)) return;
  const under = document
    .elementsFromPoint(clientX, clientY)
    .find((one) => one !== target && one.closest("[role=row]") === target.closest("[role=row]"));
  const told = under?.closest<HTMLElement>("[title]");
  target.title = told?.closest("[role=row]") ? told.title : "";
}

function ColumnCell({ column, session, zone }: { column: Column; session: Session; zone: string }) {
  const { text, title, more } = contentOf(column, session, zone);
  return (
    <Cell className={column.numeric ? "cell-number" : ""} title={title}>
      <bdi>{text}</bdi>
      {more !== undefined && <small> +{more}</small>}
    </Cell>
  );
}

/** Columns that say nothing of a session before its lines were read. */
const READ_FROM_LINES: ReadonlySet<Column["key"]> = new Set(["duration_ms", "messages", "tokens"]);

interface Content {
  text: string;
  title?: string | undefined;
  /** Further values, which the tooltip names. */
  more?: number | undefined;
}

function contentOf({ key }: Column, session: Session, zone: string): Content {
  if (isUnread(session) && READ_FROM_LINES.has(key)) return { text: NONE, title: "Being read" };
  switch (key) {
    case "started_at": {
      const at = session.started_at;
      return { text: formatDateTime(at, zone), ...(at !== null && { title: formatDateTimeExact(at, zone) }) };
    }
    case "duration_ms":
      return {
        text: formatDuration(session.duration_ms),
        title: `active ${formatDuration(session.active_ms)}`,
      };
    case "messages":
      return { text: formatCount(session.messages) };
    case "tokens":
      return { text: formatShort(session.tokens.total), title: formatCount(session.tokens.total) };
    case "model":
      return firstOf(session.models, shortModel);
    case "git_branch": {
      const branches = new Set([session.git_branch, ...session.git_branches].filter((one) => one !== null));
      return firstOf([...branches]);
    }
    case "tools":
      return firstOf(session.tools);
    case "user":
      return { text: visibleText(session.client.user), title: session.client.user };
  }
}

/** The first of several values, and how many there are besides. */
function firstOf(values: readonly string[], shown: (value: string) => string = visibleText): Content {
  const [first, ...rest] = values;
  if (first === undefined) return { text: NONE };
  return { text: shown(first), title: values.join(", "), more: rest.length > 0 ? rest.length : undefined };
}

function Agent({ session }: { session: Session }) {
  return (
    <span className="agent">
      <strong title={`${session.client.host} · ${session.client.user}`}>{session.client.host}</strong>
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
      <span className="agent-type" title={session.agent_type ?? undefined}>
        {session.agent_type ?? "Subagent"}
      </span>
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
export function TableSkeleton({ columns, rows = 10 }: { columns: readonly Column[]; rows?: number }) {
  return (
    <div className="session-skeleton" aria-hidden="true" style={tableStyle(columns, ROW_PX[density.get()])}>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: nothing but a place
        <div key={index} className="session-row">
          <span />
          <span />
          {columns.map(({ key }) => (
            <span key={key} />
          ))}
        </div>
      ))}
    </div>
  );
}
