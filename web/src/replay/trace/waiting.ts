/**
 * What a live session waits for, told from the end of its trace.
 *
 * Clients since 2.1 write a line when they begin to ask the model and the answer's lines only when it has ended;
 * older ones write each block as it is finished, so that what comes next is told from what came last. No client
 * says when it asks a person for a permission: such a call is running until its result comes.
 */
import type { Entry } from "../shapes";
import { headOf, type Row, type Rows } from "./rows";

export type Waiting =
  | { for: "model"; model: string | null; since: string | null }
  | { for: "tool"; tool: string; calls: number; since: string | null }
  /** `asked`: the model put a question, and goes on with the answer; else its turn has ended. */
  | { for: "person"; asked: boolean; since: string | null };

const REQUEST = "api-request";
/** All else says nothing about whose turn it is. */
const CONVERSATION = new Set(["user", "assistant"]);
/** Tools whose result is what a person chose. */
const ASKING_TOOLS = new Set(["AskUserQuestion", "ExitPlanMode"]);
const TURN_ENDS = new Set(["system/turn_duration", "system/stop_hook_summary", "system/local_command"]);
/** Far more entries than a client writes at the end of a turn. */
const LOOKED_AT_MAX = 400;

/** Null where nothing can be said: an empty trace, or an end that no rule knows. */
export function waitingOf(rows: Rows): Waiting | null {
  const recent = lastEntries(rows);
  const running = runningCalls(rows);
  for (const entry of recent) {
    if (entry.raw_type === REQUEST) return model(recent, entry);
    if (TURN_ENDS.has(entry.raw_type) || isInterruption(entry)) return person(entry);
    if (isSilent(entry)) continue;
    if (running.length > 0) break;
    switch (entry.type) {
      case "user":
        return model(recent, entry);
      case "tool":
        return entry.role === "result" ? model(recent, entry) : null;
      case "thinking":
        return model(recent, entry);
      case "assistant":
        return person(entry);
      default:
        return null;
    }
  }
  const first = running[0];
  if (!first) return null;
  if (running.every((call) => ASKING_TOOLS.has(call.tool ?? ""))) return person(first, true);
  return { for: "tool", tool: first.tool ?? "", calls: running.length, since: first.at };
}

function model(recent: readonly Entry[], since: Entry): Waiting {
  const named = recent.find((entry) => entry.model !== null && !entry.model.startsWith("<"));
  return { for: "model", model: named?.model ?? null, since: since.at };
}

function person(since: Entry, asked = false): Waiting {
  return { for: "person", asked, since: since.at };
}

/** Those of the conversation itself, the newest first. */
function lastEntries(rows: Rows): Entry[] {
  const entries: Entry[] = [];
  for (const row of lastRows(rows)) {
    if (row.kind === "fold") entries.push(...row.entries.slice(-LOOKED_AT_MAX));
    else if (row.kind === "entry") entries.push(row.entry);
    else if (row.kind === "tool") entries.push(row.call, ...(row.result ? [row.result] : []));
  }
  return entries.sort((one, other) => other.seq - one.seq);
}

/** Calls of the last message that have no result yet, in their order; older ones were given up. */
function runningCalls(rows: Rows): Entry[] {
  const running: Entry[] = [];
  let message: string | null = null;
  for (const row of lastRows(rows)) {
    const head = headOf(row);
    if (row.kind === "fold") continue;
    if (isPrompt(head) || isInterruption(head)) break;
    if (head.message_id !== null) {
      message ??= head.message_id;
      if (head.message_id !== message) break;
    }
    if (row.kind === "tool" && !row.result) running.unshift(head);
  }
  return running;
}

/** The last rows, the newest first; a subagent's lines inside its parent's file (client 1.0) are not the parent's. */
function lastRows(rows: Rows): Row[] {
  const first = rows.list[0];
  const sidechain = first !== undefined && headOf(first).sidechain;
  return rows.list
    .slice(-LOOKED_AT_MAX)
    .filter((row) => headOf(row).sidechain === sidechain && !headOf(row).inherited)
    .reverse();
}

/** What a person typed while the model was busy waits in a queue and interrupts nothing. */
function isPrompt(entry: Entry): boolean {
  return entry.type === "user" && !entry.raw_type.startsWith("attachment/");
}

function isSilent(entry: Entry): boolean {
  return entry.folded || !CONVERSATION.has(entry.raw_type);
}

function isInterruption(entry: Entry): boolean {
  return entry.type === "system" && entry.preview.startsWith("[Request interrupted");
}
