/** The rows of subagents that are opened in place, below the calls that spawned them. */
import { type Query, type VisibleTrace, visibleTrace } from "./query";
import { type Row, subagentOf } from "./rows";
import type { SubagentTrace, SubagentTraces } from "./subagentTraces";

export interface Narrowing {
  view: "dev" | "audit";
  query: Query;
  /** Keys of the rows whose members are listed in place. */
  open: ReadonlySet<number>;
}

export interface NestedTrace extends VisibleTrace {
  /** How many rows of each opened subagent pass the view and the filter, those of its own subagents left out. */
  shown: ReadonlyMap<string, number>;
}

/**
 * `own` with the rows of opened subagents in it, to any depth.
 *
 * The same view and filter apply to all of them. A subagent is shown once, below the first row that names it: a
 * result without its call names it again.
 */
export function withSubagents(own: VisibleTrace, traces: SubagentTraces, narrowing: Narrowing): NestedTrace {
  const shown = new Map<string, number>();
  if (traces.size === 0) return { ...own, shown };
  const rows: Row[] = [];
  const matches: number[] = [];

  const add = (visible: VisibleTrace) => {
    const matching = new Set(visible.matches);
    for (const [index, row] of visible.rows.entries()) {
      if (matching.has(index)) matches.push(rows.length);
      rows.push(row);
      const id = subagentOf(row);
      const trace = id === null ? undefined : traces.get(id);
      if (id === null || !trace || shown.has(id)) continue;
      const inside = narrowed(trace, narrowing);
      shown.set(id, inside.rows.length);
      add(inside);
    }
  };
  add(own);
  return { rows, matches, shown };
}

const known = new WeakMap<SubagentTrace, Narrowing & { visible: VisibleTrace }>();

/** What a trace shows; found again while neither it nor the narrowing has changed. */
function narrowed(trace: SubagentTrace, { view, query, open }: Narrowing): VisibleTrace {
  const before = known.get(trace);
  if (before?.view === view && before.query === query && before.open === open) return before.visible;
  const visible = visibleTrace(trace.rows.list, view, query, open);
  known.set(trace, { view, query, open, visible });
  return visible;
}
