import { type RefObject, useMemo, useRef, useState } from "react";
import { toggled } from "./query";
import { headOf, type Row, type Rows, subagentOf } from "./rows";
import { chainOf, type SubagentTraceStore } from "./subagentTraces";
import type { TraceListHandle } from "./TraceList";

interface Place {
  store: SubagentTraceStore;
  /** The session's own trace. */
  rows: Rows;
  /** The subagent that the selected entry belongs to. */
  agent: string | undefined;
  visible: readonly Row[];
  list: RefObject<TraceListHandle | null>;
  change: (part: { entry?: number | undefined; agent?: string | undefined }) => void;
}

export interface InPlace {
  /** Keys of the rows that show all of their entry. */
  whole: ReadonlySet<number>;
  toggleWhole: (row: Row) => void;
  toggleSubagent: (row: Row) => void;
  closeSubagent: (sessionId: string) => void;
  retrySubagent: (sessionId: string) => void;
}

/** What rows show in their place: all of an entry, and the traces of subagents. */
export function useInPlace(place: Place): InPlace {
  const [whole, setWhole] = useState<ReadonlySet<number>>(new Set());
  const latest = useRef({ ...place, whole });
  latest.current = { ...place, whole };
  const actions = useMemo(() => {
    const reveal = (row: Row) => {
      requestAnimationFrame(() => {
        const { visible, list } = latest.current;
        const index = visible.findIndex((one) => one.key === row.key);
        if (index >= 0) list.current?.reveal(index, false);
      });
    };
    const closeSubagent = (sessionId: string) => {
      const { store, agent, rows, visible, change } = latest.current;
      const trace = store.get().get(sessionId);
      if (!trace) return;
      const selected = agent === undefined ? undefined : store.get().get(agent);
      const { parent } = trace.nest;
      const around = parent ? store.get().get(parent.sessionId)?.rows : rows;
      const spawning = around?.list.find((row) => subagentOf(row) === sessionId);
      store.close(sessionId);
      // What was selected in it is no longer to be seen: the call that spawned it is.
      if (selected && chainOf(selected.nest).includes(sessionId))
        change({ entry: spawning && headOf(spawning).seq, agent: spawning && parent?.sessionId });
      const shown = spawning && visible.find((row) => row.key === spawning.key);
      if (shown) reveal(shown);
    };
    return {
      closeSubagent,
      toggleSubagent: (row: Row) => {
        const id = subagentOf(row);
        if (id === null) return;
        const { store } = latest.current;
        if (store.get().has(id)) closeSubagent(id);
        else store.open(id, row.nest ?? null);
      },
      retrySubagent: (sessionId: string) => latest.current.store.retry(sessionId),
      toggleWhole: (row: Row) => {
        // A long entry that closes must not leave what is far below it on the screen.
        if (latest.current.whole.has(row.key)) reveal(row);
        setWhole((before) => toggled(before, row.key));
      },
    };
  }, []);
  return useMemo(() => ({ whole, ...actions }), [whole, actions]);
}
