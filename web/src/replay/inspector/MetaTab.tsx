import { useMemo } from "react";
import {
  formatBytes,
  formatCost,
  formatCount,
  formatDateTimeExact,
  formatDay,
  formatDuration,
} from "../../format";
import { zoneName } from "../../timeZone";
import { permanentLink } from "../address";
import { instantOf, isWrong } from "../instant";
import { RECORDED_WORDS, recordsTooLittle } from "../recorded";
import type { Entry, EntryWhole, Session } from "../shapes";
import { TYPE_WORDS } from "../trace/EntryMark";
import { type Fact, FactGroups, figure, id, text } from "./facts";
import { isRecord } from "./rawLine";

interface Props {
  /** The session that the entry is of. */
  sessionId: string;
  whole: EntryWhole;
  session: Session | null;
  /** The entries that have come, to tell the time since the one before and to name the parent. */
  entries: ReadonlyMap<number, Entry>;
  onEntry: (address: number | string) => void;
}

/** Everything that is known about one entry beside its content, in groups. */
export function MetaTab({ sessionId, whole, session, entries, onEntry }: Props) {
  const before = useMemo(() => entryBefore(entries, whole.seq), [entries, whole.seq]);
  const groups: [string, (Fact | null)[]][] = [
    ["Time", timeFacts(whole, session, before)],
    [tokensTitle(whole.meta.client_version), tokenFacts(whole)],
    ["Tool", toolFacts(whole)],
    ["Permission", recordFacts(whole.meta.permission)],
    ["Hook", recordFacts(whole.meta.hook)],
    ["Where", whereFacts(whole, session)],
    ["Identifiers", idFacts(whole, entries, onEntry)],
    ["Line", lineFacts(whole, sessionId)],
    ["Further", furtherFacts(whole)],
  ];
  return <FactGroups groups={groups} />;
}

/** The entry that stands before in the file, of those that have come; null for the first. */
export function entryBefore(entries: ReadonlyMap<number, Entry>, seq: number): Entry | null {
  let before: Entry | null = null;
  for (const entry of entries.values()) {
    if (entry.seq < seq && (before === null || entry.seq > before.seq)) before = entry;
  }
  return before;
}

function timeFacts({ at, meta, duration_ms }: EntryWhole, session: Session | null, before: Entry | null) {
  const local = zoneName("local");
  const since = instantOf(at) - instantOf(session?.started_at ?? null);
  const gap = instantOf(at) - instantOf(before?.at ?? null);
  return [
    at ? { name: `Local (${local})`, value: formatDateTimeExact(at, local) } : null,
    at ? { name: "UTC", value: at } : { name: "Time", value: "This line and those before it have none." },
    isWrong(at)
      ? { name: "Clock", value: "Wrong when this was written: no duration is measured with it." }
      : null,
    Number.isFinite(since) && since >= 0 ? { name: "Since start", value: `+${formatDuration(since)}` } : null,
    Number.isFinite(gap)
      ? {
          name: "Since the entry before",
          value:
            gap >= 0
              ? `+${formatDuration(gap)}`
              : `${formatDuration(-gap)} earlier: the file's order is kept`,
        }
      : null,
    typeof meta.raw_at === "string" && meta.raw_at !== at ? { name: "As written", value: meta.raw_at } : null,
    duration_ms === null
      ? null
      : {
          name: "Duration",
          value: `${formatDuration(duration_ms)} (${formatCount(duration_ms)} ms)`,
          copy: String(duration_ms),
        },
  ];
}

function tokenFacts({ model, tokens, meta }: EntryWhole) {
  const facts: (Fact | null)[] = [text("Model", model ?? meta.model), text("Stop reason", meta.stop_reason)];
  if (tokens) {
    facts.push(
      figure("Input", tokens.input),
      figure("Output", tokens.output),
      figure("Cache write", tokens.cache_creation),
      figure("Cache read", tokens.cache_read),
      figure("Total", tokens.total),
      {
        name: "Counted",
        value: `once per message: all entries of one message carry the same figures${
          recordsTooLittle(typeof meta.client_version === "string" ? meta.client_version : null)
            ? `. ${RECORDED_WORDS}`
            : ""
        }`,
        copy: "",
      },
    );
  }
  if (tokens) facts.push(costFact(meta.cost));
  const detail = isRecord(meta.tokens) ? meta.tokens : {};
  facts.push(
    count("Cache write, 5 minutes", detail.cache_5m),
    count("Cache write, 1 hour", detail.cache_1h),
    text("Service tier", detail.service_tier),
  );
  return facts;
}

/** By list price: what the message really cost is in no transcript. */
function costFact(cost: unknown): Fact {
  const name = "Cost estimate";
  const usd = isRecord(cost) ? cost.usd : null;
  if (!isRecord(cost) || typeof usd !== "number")
    return { name, value: "none: no list price is known for this model and kind of request", copy: "" };
  const day = typeof cost.prices_as_of === "string" ? formatDay(cost.prices_as_of) : "";
  return { name, value: `${formatCost(usd)}, by the list prices of ${day}`, copy: String(usd) };
}

function tokensTitle(version: unknown): string {
  return recordsTooLittle(typeof version === "string" ? version : null)
    ? "Model and recorded tokens"
    : "Model and tokens";
}

function toolFacts(whole: EntryWhole) {
  return [
    text("Tool", whole.tool),
    ...recordFacts(whole.meta.tool, ["name", "use_id"]),
    text("Agent", whole.agent_id),
    whole.is_denied ? { name: "Denied", value: "yes" } : null,
    whole.is_error ? { name: "Error", value: "yes" } : null,
  ];
}

function whereFacts({ meta, inherited }: EntryWhole, session: Session | null) {
  return [
    session && { name: "Collected from", value: `${session.client.host} · ${session.client.user}` },
    session && { name: "Client", value: session.client.id },
    text("Directory", meta.cwd),
    text("Branch", meta.git_branch),
    text("Client version", meta.client_version),
    text("Started by", meta.entrypoint),
    text("Permission mode", meta.permission_mode),
    meta.is_sidechain === true
      ? {
          name: "Sidechain",
          value:
            session?.parent_id == null
              ? "a subagent's line in its parent's file"
              : "a line of a subagent, in a file of its own",
        }
      : null,
    inherited
      ? { name: "Inherited", value: "copied by a fork or resume: the line is counted in another session" }
      : null,
  ];
}

function idFacts(
  whole: EntryWhole,
  entries: ReadonlyMap<number, Entry>,
  onEntry: Props["onEntry"],
): (Fact | null)[] {
  const { meta } = whole;
  return [
    id("Entry UUID", whole.uuid),
    parentFact(meta.parent_uuid, entries, onEntry),
    id("Message", whole.message_id),
    id("Request", meta.request_id),
    id("Tool use", whole.tool_use_id),
    id("Session (as written)", meta.session_id),
  ];
}

/** The line that this one answers, with the way to it. */
function parentFact(
  uuid: unknown,
  entries: ReadonlyMap<number, Entry>,
  onEntry: Props["onEntry"],
): Fact | null {
  if (typeof uuid !== "string" || uuid === "") return null;
  // A message of several lines has an entry for each: the first is the one that the uuid names.
  const parent = [...entries.values()].find((entry) => entry.uuid === uuid);
  return {
    name: "Parent UUID",
    copy: uuid,
    value: parent ? (
      <button
        type="button"
        className="sr-link-button"
        title={`Go to the parent entry: ${TYPE_WORDS[parent.type]}`}
        onClick={() => onEntry(parent.seq)}
      >
        <code>{uuid}</code>
      </button>
    ) : (
      <code title="No entry of this session has it">{uuid}</code>
    ),
  };
}

function lineFacts(whole: EntryWhole, sessionId: string) {
  const link = permanentLink(sessionId, whole.seq);
  const { meta } = whole;
  return [
    text("Raw type", whole.raw_type),
    // The API counts lines from 0, editors from 1.
    typeof meta.line === "number" ? figure("Line of the file", meta.line + 1) : null,
    typeof meta.byte_start === "number" ? figure("Byte offset", meta.byte_start) : null,
    { name: "Entry number", value: String(whole.seq) },
    { name: "Permanent link", value: <a href={link}>{new URL(link).search}</a>, copy: link },
    {
      name: "Size",
      value: `${formatBytes(whole.size_bytes)} (${formatCount(whole.size_bytes)} bytes)`,
      copy: String(whole.size_bytes),
    },
    meta.raw_exact === false
      ? { name: "Raw line", value: "holds bytes that are not UTF-8, shown as U+FFFD" }
      : null,
  ];
}

const KNOWN = new Set(
  (
    "line byte_start byte_size at raw_at uuid parent_uuid session_id message_id request_id model stop_reason client_version cwd " +
    "git_branch entrypoint permission_mode is_sidechain agent_id tokens cost duration_ms permission hook tool raw_exact"
  ).split(" "),
);

function furtherFacts({ meta }: EntryWhole) {
  return recordFacts(Object.fromEntries(Object.entries(meta).filter(([name]) => !KNOWN.has(name))));
}

/** The members of a group that the server gives as a record, `words` first. */
function recordFacts(value: unknown, without: readonly string[] = []): (Fact | null)[] {
  if (!isRecord(value)) return [];
  const { words, ...rest } = value;
  return [
    text("In words", words),
    ...Object.entries(rest)
      .filter(([name, member]) => !without.includes(name) && member !== null && member !== undefined)
      .map(([name, member]) => ({
        name: name.replaceAll("_", " "),
        value: typeof member === "string" ? member : JSON.stringify(member),
      })),
  ];
}

function count(name: string, value: unknown): Fact | null {
  return typeof value === "number" && value > 0 ? { name, value: formatCount(value) } : null;
}
