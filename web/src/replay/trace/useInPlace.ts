import { type RefObject, useMemo, useRef, useState } from "react";
import { indexOfAgent } from "./nesting";
import { toggled } from "./query";
import { type AgentRow, addressOf, type Row } from "./rows";
import { chainOf, type SubagentTraceStore } from "./subagentTraces";
import type { TraceListHandle } from "./TraceList";

interface Place {
  store: SubagentTraceStore;
  /** The subagent that is selected, or that the selected entry belongs to. */
  agent: string | undefined;
  visible: readonly Row[];
  list: RefObject<TraceListHandle | null>;
  change: (part: { entry?: number | undefined; agent?: string | undefined }) => void;
}

export interface InPlace {
  /** Keys of the rows that show all of their entry. */
  whole: ReadonlySet<number>;
  toggleWhole: (row: Row) => void;
  toggleSubagent: (row: AgentRow) => void;
  /** Opens all subagents of a call, or closes them. */
  showAll: (agents: readonly AgentRow[], isShown: boolean) => void;
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
    /** What was selected in a subagent that closes is no longer to be seen: the subagent's row is. */
    const close = (row: AgentRow) => {
      const { store, agent, change } = latest.current;
      const isInside = agent !== undefined && lieIn(store, row.agent).has(agent);
      store.close(row.agent);
      if (isInside) change(addressOf(row));
    };
    const closeSubagent = (sessionId: string) => {
      const { visible } = latest.current;
      const row = visible[indexOfAgent(visible, sessionId)];
      if (row?.kind !== "agent") return;
      close(row);
      reveal(row);
    };
    return {
      closeSubagent,
      toggleSubagent: (row: AgentRow) => {
        const { store } = latest.current;
        if (store.get().has(row.agent)) closeSubagent(row.agent);
        else store.open(row.agent, row.nest ?? null);
      },
      showAll: (agents: readonly AgentRow[], isShown: boolean) => {
        const { store } = latest.current;
        for (const one of agents) {
          if (isShown) store.open(one.agent, one.nest ?? null);
          else if (store.get().has(one.agent)) close(one);
        }
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

/** Ids of the subagents that lie in an opened one: those opened in it, and those that only have their row there. */
function lieIn(store: SubagentTraceStore, sessionId: string): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { nest, subagents } of store.get().values()) {
    if (!chainOf(nest).includes(sessionId)) continue;
    ids.add(nest.sessionId);
    for (const id of subagents.keys()) ids.add(id);
  }
  return ids;
}
