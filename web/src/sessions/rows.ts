import type { Session } from "../api/client";

/** What is known of the subagent sessions of one that is open. */
export type Branch =
  | { state: "loading" }
  | { state: "failed"; error: unknown }
  | { state: "loaded"; sessions: Session[] };

/** A row of the table as it is drawn: a session, or what stands for its subagents until they are there. */
export type Row = {
  key: string;
  /** 0 for a main session. */
  depth: number;
  /** For each level from 1 to `depth`: whether the line of that level goes on below this row. */
  trail: boolean[];
} & (
  | { kind: "session"; session: Session; open: boolean }
  | { kind: "loading"; parent: Session }
  | { kind: "failed"; parent: Session; error: unknown }
  | { kind: "none"; parent: Session }
);

/** The sessions with the subagents of those that are open beneath them, level by level, in the order of the server. */
export function rowsOf(
  sessions: Session[],
  open: ReadonlySet<string>,
  branchOf: (id: string) => Branch,
): Row[] {
  const rows: Row[] = [];
  const shown = new Set<string>();

  function add(session: Session, trail: boolean[]) {
    // A damaged tree may name a session twice; a key must not occur twice, nor a cycle run for ever.
    if (shown.has(session.id)) return;
    shown.add(session.id);
    const isOpen = session.subagents > 0 && open.has(session.id);
    rows.push({ kind: "session", key: session.id, depth: trail.length, trail, session, open: isOpen });
    if (!isOpen) return;
    const branch = branchOf(session.id);
    if (branch.state === "loaded" && branch.sessions.length > 0) {
      branch.sessions.forEach((child, index) => {
        add(child, [...trail, index < branch.sessions.length - 1]);
      });
      return;
    }
    const key = `${session.id} beneath`;
    const beneath = { key, depth: trail.length + 1, trail: [...trail, false], parent: session };
    if (branch.state === "failed") rows.push({ ...beneath, kind: "failed", error: branch.error });
    else rows.push({ ...beneath, kind: branch.state === "loading" ? "loading" : "none" });
  }

  for (const session of sessions) add(session, []);
  return rows;
}

/** The line that names a session: its title, else what was asked first, else what it is. */
export function titleOf(session: Session): { text: string; known: boolean } {
  const own = session.parent_id === null ? session.title : (session.description ?? session.title);
  const text = firstLine(own) ?? firstLine(session.first_prompt);
  if (text !== null) return { text, known: true };
  if (session.parent_id !== null)
    return { text: session.warmup ? "Warm-up" : "Subagent without a description", known: false };
  return { text: whatItIs(session), known: false };
}

function whatItIs(session: Session): string {
  if (isUnread(session)) return "Being read…";
  if (session.size_bytes === 0) return "Empty session";
  return session.messages === 0 ? "Session without messages" : "Session without a title";
}

/** Its bytes are stored, and none of them was read yet: its figures say nothing. */
export function isUnread(session: Session): boolean {
  return session.pending_bytes > 0 && session.size_bytes === 0;
}

function firstLine(text: string | null): string | null {
  const line = text
    ?.split("\n")
    .map((one) => one.trim())
    .find((one) => one !== "");
  return line ?? null;
}

/** `claude-opus-4-5-20251101` as `opus-4-5`: the column is narrow, the tooltip has the whole name. */
export function shortModel(model: string): string {
  return model.replace(/^claude-/, "").replace(/-\d{8}$/, "");
}
