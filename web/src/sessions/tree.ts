import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Session } from "../api/client";
import { subagentsQuery } from "./list";
import { type Branch, rowsOf } from "./rows";

const NONE_OPEN: ReadonlySet<string> = new Set();

/** Which sessions are open, and the rows that follow from it; subagents are asked for when they are needed. */
export function useTree(sessions: Session[], arrived: { open: ReadonlySet<string> } | null) {
  const [open, setOpen] = useState(arrived?.open ?? NONE_OPEN);
  useEffect(() => {
    if (arrived !== null) setOpen(arrived.open);
  }, [arrived]);
  // Parents that were ever opened here: their queries live on, so closing and opening again costs nothing.
  const [parents, setParents] = useState<ReadonlyMap<string, Session>>(new Map());
  const wanted = useMemo(() => {
    const byId = new Map(parents);
    for (const session of sessions) if (open.has(session.id)) byId.set(session.id, session);
    return [...byId.values()].filter(({ id }) => open.has(id));
  }, [sessions, parents, open]);
  const answers = useQueries({ queries: wanted.map((parent) => subagentsQuery(parent)) });
  const branches = new Map<string, Branch>(
    wanted.map((parent, index) => {
      const one = answers[index];
      if (one?.data !== undefined) return [parent.id, { state: "loaded", sessions: one.data }];
      return [parent.id, one?.isError ? { state: "failed", error: one.error } : { state: "loading" }];
    }),
  );
  // Subagents that were open when the reader left are opened again as their parents come in.
  const nested = [...branches.values()]
    .flatMap((branch) => (branch.state === "loaded" ? branch.sessions : []))
    .filter((session) => open.has(session.id) && !parents.has(session.id));
  const nestedIds = nested.map(({ id }) => id).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `nested` is new at each rendering, its ids are not
  useEffect(() => {
    if (nested.length > 0)
      setParents((old) => new Map([...old, ...nested.map((one) => [one.id, one] as const)]));
  }, [nestedIds]);

  const toggle = useCallback((session: Session) => {
    setParents((old) => new Map([...old, [session.id, session]]));
    setOpen((old) => {
      const next = new Set(old);
      if (!next.delete(session.id)) next.add(session.id);
      return next;
    });
  }, []);
  const client = useQueryClient();
  const retry = useCallback(
    (parent: Session) => void client.refetchQueries({ queryKey: subagentsQuery(parent).queryKey }),
    [client],
  );
  const rows = rowsOf(sessions, open, (id) => branches.get(id) ?? { state: "loading" });
  return { rows, open, toggle, retry };
}
