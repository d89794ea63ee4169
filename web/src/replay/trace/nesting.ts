/** Subagents below the calls that spawned them: a row for each, and under it the rows of those opened in place. */
import type { Entry, Session } from "../shapes";
import { type Query, type VisibleTrace, visibleTrace } from "./query";
import { type AgentRow, headOf, type Row } from "./rows";
import type { SubagentTrace, SubagentTraces } from "./subagentTraces";

export interface Narrowing {
  view: "dev" | "audit";
  query: Query;
  /** Keys of the rows whose members are listed in place. */
  open: ReadonlySet<number>;
}

/** What is known of the subagents of a session's tree. */
export interface Family {
  /** Those that the session itself spawned, by id, in the order in which they started. */
  subagents: ReadonlyMap<string, Session>;
  /** Those that are opened in place, at whatever depth. */
  traces: SubagentTraces;
  /** Where the keys of a subagent's rows begin, the same whenever it is asked for. */
  keysOf: (sessionId: string) => number;
}

export interface NestedTrace extends VisibleTrace {
  /** How many rows of each opened subagent pass the view and the filter, those of its own subagents left out. */
  shown: ReadonlyMap<string, number>;
  /** The subagents of each call that spawned any, by the key of the call's row. */
  spawned: ReadonlyMap<number, readonly AgentRow[]>;
}

/**
 * `own` with the subagents of its calls in it, to any depth.
 *
 * The same view and filter apply to all of them. A subagent is listed once, below the first row that names it: a
 * result without its call names it again.
 */
export function withSubagents(own: VisibleTrace, family: Family, narrowing: Narrowing): NestedTrace {
  const shown = new Map<string, number>();
  const spawned = new Map<number, readonly AgentRow[]>();
  const listed = new Set<string>();
  // Most sessions have none, and what a long one shows is asked for whenever it grows.
  const byOwnCall = spawnedByCall(family.subagents);
  if (!own.rows.some((row) => isSpawning(row, byOwnCall))) return { ...own, shown, spawned };
  const rows: Row[] = [];
  const matches: number[] = [];

  const add = (visible: VisibleTrace, subagents: ReadonlyMap<string, Session>) => {
    const matching = new Set(visible.matches);
    const byCall = spawnedByCall(subagents);
    for (const [index, row] of visible.rows.entries()) {
      if (matching.has(index)) matches.push(rows.length);
      rows.push(row);
      const agents = agentsOf(row, byCall, family.keysOf, listed);
      if (agents.length === 0) continue;
      spawned.set(row.key, agents);
      for (const one of agents) {
        rows.push(one);
        const trace = family.traces.get(one.agent);
        if (!trace) continue;
        const inside = narrowed(trace, narrowing);
        shown.set(one.agent, inside.rows.length);
        add(inside, trace.subagents);
      }
    }
  };
  add(own, family.subagents);
  return { rows, matches, shown, spawned };
}

type ByCall = ReadonlyMap<number, readonly string[]>;
const byCallOf = new WeakMap<ReadonlyMap<string, Session>, ByCall>();

/** Ids of a session's subagents by the entry that spawned them. */
function spawnedByCall(subagents: ReadonlyMap<string, Session>): ByCall {
  const before = byCallOf.get(subagents);
  if (before) return before;
  const byCall = new Map<number, string[]>();
  for (const { id, spawned_by_seq } of subagents.values()) {
    if (spawned_by_seq === null) continue;
    const ids = byCall.get(spawned_by_seq);
    if (ids) ids.push(id);
    else byCall.set(spawned_by_seq, [id]);
  }
  byCallOf.set(subagents, byCall);
  return byCall;
}

function isSpawning(row: Row, byCall: ByCall): boolean {
  if (row.kind === "fold") return false;
  if (isNamed(headOf(row), byCall)) return true;
  return row.kind === "tool" && row.result !== null && isNamed(row.result, byCall);
}

function isNamed(entry: Entry, byCall: ByCall): boolean {
  return entry.subagent_session_id !== null || byCall.has(entry.seq);
}

const NONE: readonly AgentRow[] = [];

/** What was made for a row; the same again while its subagents are, so that what was drawn of them stays. */
const made = new WeakMap<Row, readonly AgentRow[]>();

/**
 * The rows of the subagents that a row's entries spawned, in the order in which they started.
 *
 * An entry names one of them; the others, of a workflow, are known once the session's subagents are.
 */
function agentsOf(
  row: Row,
  byCall: ByCall,
  keysOf: (sessionId: string) => number,
  listed: Set<string>,
): readonly AgentRow[] {
  if (!isSpawning(row, byCall)) return NONE;
  const call = headOf(row);
  const entries = row.kind === "tool" && row.result ? [call, row.result] : [call];
  const ids = new Set(entries.flatMap((entry) => byCall.get(entry.seq) ?? []));
  for (const { subagent_session_id: id } of entries) if (id !== null) ids.add(id);
  const found = [...ids].filter((id) => !listed.has(id));
  for (const id of found) listed.add(id);
  const before = made.get(row);
  if (before?.length === found.length && before.every((one, index) => one.agent === found[index]))
    return before;
  const agents = found.map(
    (agent, index): AgentRow => ({
      kind: "agent",
      key: keysOf(agent) - 1,
      nest: row.nest,
      agent,
      place: index + 1,
      among: found.length,
      call,
      depth: row.depth,
      idle_ms: null,
    }),
  );
  made.set(row, agents);
  return agents;
}

/** The subagent's session, wherever in the tree it is known. */
export function sessionOf(agent: string, { subagents, traces }: Family): Session | null {
  const opened = traces.get(agent)?.session ?? subagents.get(agent);
  if (opened) return opened;
  for (const trace of traces.values()) {
    const session = trace.subagents.get(agent);
    if (session) return session;
  }
  return null;
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

/** The row of a subagent's own; -1 where its call is not shown. */
export function indexOfAgent(rows: readonly Row[], agent: string): number {
  return rows.findIndex((row) => row.kind === "agent" && row.agent === agent);
}
