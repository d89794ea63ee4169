/** Entries for tests, made from the few facts that a test is about. */
import type { Entry, EntryWhole, Session } from "./shapes";

const EMPTY: Entry = {
  seq: 0,
  type: "system",
  raw_type: "system",
  at: null,
  uuid: null,
  tool: null,
  tool_use_id: null,
  preview: "",
  size_bytes: 0,
  is_error: false,
  is_denied: false,
  findings: [],
  tokens: null,
  has_diff: false,
  subagent_session_id: null,
  label: "",
  role: "",
  message_id: null,
  model: null,
  agent_id: null,
  audit: false,
  act: "",
  facts: null,
  folded: false,
  sidechain: false,
  inherited: false,
  duration_ms: null,
};

/** An entry of line `line`. */
export function entry(line: number, facts: Partial<Entry> = {}): Entry {
  return { ...EMPTY, seq: line * 1024, ...facts };
}

export function call(line: number, id: string, facts: Partial<Entry> = {}): Entry {
  return entry(line, { type: "tool", role: "call", tool: "Bash", tool_use_id: id, ...facts });
}

export function result(line: number, id: string, facts: Partial<Entry> = {}): Entry {
  return entry(line, { type: "tool", role: "result", tool_use_id: id, ...facts });
}

export function record(line: number, facts: Partial<Entry> = {}): Entry {
  return entry(line, { folded: true, ...facts });
}

export function whole(one: Entry, facts: Partial<EntryWhole> = {}): EntryWhole {
  return { ...one, content: [], diff: [], meta: {}, raw: "{}", ...facts };
}

export function session(facts: Partial<Session> = {}): Session {
  return {
    id: "s1",
    parent_id: null,
    agent_id: null,
    client: { id: "c1", host: "laptop", user: "ada" },
    project: "/home/ada/shop",
    git_branch: "main",
    title: "Fix the basket",
    first_prompt: "Fix it",
    models: ["claude-x"],
    client_version: "2.1.330",
    started_at: "2026-11-22T19:00:00.000Z",
    ended_at: "2026-11-22T19:10:00.000Z",
    duration_ms: 600_000,
    active_ms: 300_000,
    live: false,
    messages: 4,
    prompts: 1,
    tool_calls: 2,
    entries: 8,
    lines: 8,
    size_bytes: 4_096,
    tokens: { input: 1, output: 2, cache_creation: 3, cache_read: 4, total: 10 },
    cost_usd: null,
    findings: { critical: 0, high: 0, medium: 0, low: 0, informational: 0 },
    subagents: 0,
    inherited_lines: 0,
    orphan: false,
    warmup: false,
    agent_type: null,
    description: null,
    lines_with_entries: 8,
    damaged_lines: 0,
    pending_bytes: 0,
    tools: ["Bash"],
    git_branches: ["main"],
    permission_modes: [],
    generation: 0,
    spawned_by_seq: null,
    damaged: false,
    folder: "-home-dev-shop",
    ...facts,
  };
}
