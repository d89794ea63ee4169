import type { SortKey } from "./sort";

/** A column that may be shown beside Agent and Project. */
export interface Column {
  key: ColumnKey;
  label: string;
  /** The least that it needs; it gets no more than that unless `grows`. */
  width_px: number;
  grows?: boolean;
  by?: SortKey;
  numeric?: boolean;
}

export type ColumnKey =
  | "started_at"
  | "duration_ms"
  | "messages"
  | "tokens"
  | "model"
  | "git_branch"
  | "tools"
  | "user";

/** In the order in which they stand, and in which they are given up where there is no room. */
export const COLUMNS: readonly Column[] = [
  { key: "started_at", label: "Started", width_px: 150, by: "started_at" },
  { key: "duration_ms", label: "Duration", width_px: 80, by: "duration_ms", numeric: true },
  { key: "messages", label: "Messages", width_px: 88, by: "messages", numeric: true },
  { key: "tokens", label: "Tokens", width_px: 76, by: "tokens", numeric: true },
  { key: "model", label: "Model", width_px: 100, grows: true },
  { key: "git_branch", label: "Git branch", width_px: 110, grows: true },
  { key: "tools", label: "Tools", width_px: 120, grows: true },
  { key: "user", label: "User", width_px: 90, grows: true },
];

export const COLUMNS_DEFAULT: readonly ColumnKey[] = [
  "started_at",
  "duration_ms",
  "messages",
  "tokens",
  "model",
];

const GAP_PX = 16;
const PADDING_PX = 32;
const AGENT_PX = 170;
const PROJECT_PX = 190;

/** Those of the chosen columns that there is room for; `width_px` 0 stands for a width that is not known yet. */
export function columnsThatFit(chosen: ReadonlySet<ColumnKey>, width_px: number): readonly Column[] {
  let left = width_px - PADDING_PX - AGENT_PX - GAP_PX - PROJECT_PX;
  const wanted = COLUMNS.filter(({ key }) => chosen.has(key));
  if (width_px === 0) return wanted;
  // One that does not fit ends it: a narrower one behind it in its place would come and go with every pixel.
  const end = wanted.findIndex((column) => {
    left -= column.width_px + GAP_PX;
    return left < 0;
  });
  return end === -1 ? wanted : wanted.slice(0, end);
}

/** Head and rows share it, and it depends on nothing that a row contains. */
export function gridTracks(columns: readonly Column[]): string {
  const tracks = columns.map(({ width_px, grows }) =>
    grows ? `minmax(${width_px}px, 1.1fr)` : `${width_px}px`,
  );
  // Alone they take the room that there is, however little.
  if (tracks.length === 0) return "minmax(96px, 2.2fr) minmax(0, 5fr)";
  return [`minmax(${AGENT_PX}px, 2.2fr)`, `minmax(${PROJECT_PX}px, 5fr)`, ...tracks].join(" ");
}
