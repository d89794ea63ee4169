import { useEffect, useState, useSyncExternalStore } from "react";
import { SubagentTraceStore, type SubagentTraces } from "./subagentTraces";

interface Opened {
  traces: SubagentTraces;
  store: SubagentTraceStore;
  /** The address names a subagent that is none of this session's. */
  isForeign: boolean;
}

/** The subagents that are opened in place; `agent`, the one that the address names, is opened with all around it. */
export function useSubagentTraces(sessionId: string, agent: string | undefined, live: boolean): Opened {
  const [store] = useState(() => new SubagentTraceStore());
  const [foreign, setForeign] = useState<string | null>(null);
  const traces = useSyncExternalStore(store.subscribe, store.get);

  useEffect(() => {
    store.rootLive = live;
  }, [store, live]);
  useEffect(() => () => store.closeAll(), [store]);
  useEffect(() => {
    if (agent === undefined || store.get().has(agent)) return;
    const ending = new AbortController();
    store.openChain(agent, sessionId, ending.signal).then(
      (isInside) => setForeign(isInside ? null : agent),
      () => {
        if (!ending.signal.aborted) setForeign(agent);
      },
    );
    return () => ending.abort();
  }, [store, agent, sessionId]);

  return { traces, store, isForeign: agent !== undefined && foreign === agent };
}
