import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Session } from "../shapes";
import { sessionOf } from "./nesting";
import { SubagentTraceStore, type SubagentTraces } from "./subagentTraces";

interface Opened {
  traces: SubagentTraces;
  store: SubagentTraceStore;
  /** The address names a subagent that is none of this session's. */
  isForeign: boolean;
}

/**
 * The subagents that are opened in place. `agent`, the one that the address names, is opened with all around it where
 * an entry of it is looked at; else its row is, and only what that lies in is opened.
 */
export function useSubagentTraces(
  sessionId: string,
  agent: string | undefined,
  atEntry: boolean,
  subagents: ReadonlyMap<string, Session>,
  live: boolean,
): Opened {
  const [store] = useState(() => new SubagentTraceStore());
  const [foreign, setForeign] = useState<string | null>(null);
  const traces = useSyncExternalStore(store.subscribe, store.get);

  useEffect(() => {
    store.rootLive = live;
  }, [store, live]);
  useEffect(() => () => store.closeAll(), [store]);
  // Whoever goes along the rows of subagents asks the server for nothing.
  const isListed = useRef(false);
  isListed.current =
    agent !== undefined && !atEntry && sessionOf(agent, { subagents, traces, keysOf: store.keysOf }) !== null;
  useEffect(() => {
    if (agent === undefined || store.get().has(agent) || isListed.current) return;
    const ending = new AbortController();
    store.openChain(agent, sessionId, atEntry, ending.signal).then(
      (isInside) => setForeign(isInside ? null : agent),
      () => {
        if (!ending.signal.aborted) setForeign(agent);
      },
    );
    return () => ending.abort();
  }, [store, agent, atEntry, sessionId]);

  return { traces, store, isForeign: agent !== undefined && foreign === agent };
}
