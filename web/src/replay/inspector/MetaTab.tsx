import type { ReactNode } from "react";
import { formatBytes, formatCount, formatDateTimeExact, formatDuration } from "../../format";
import { useZoneName } from "../../timeZone";
import { CopyButton } from "../clipboard";
import type { EntryWhole, Session } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { isRecord } from "./toolInput";

interface Props {
  whole: EntryWhole;
  session: Session | null;
}

interface Fact {
  name: string;
  value: ReactNode;
  /** Long identifiers get a copy button. */
  copy?: string;
}

/** Everything that is known about one entry beside its content, in groups. */
export function MetaTab({ whole, session }: Props) {
  const zone = useZoneName();
  const groups: [string, (Fact | null)[]][] = [
    ["Time", timeFacts(whole, session, zone)],
    ["Model and tokens", tokenFacts(whole)],
    ["Tool", toolFacts(whole)],
    ["Permission", recordFacts(whole.meta.permission)],
    ["Hook", recordFacts(whole.meta.hook)],
    ["Where", whereFacts(whole)],
    ["Identifiers", idFacts(whole)],
    ["Line", lineFacts(whole)],
    ["Further", furtherFacts(whole)],
  ];
  return (
    <div className="sr-meta">
      {groups.map(([title, facts]) => (
        <Group key={title} title={title} facts={facts.filter((fact) => fact !== null)} />
      ))}
    </div>
  );
}

function Group({ title, facts }: { title: string; facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl className="sr-fields">
        {facts.map((fact) => (
          <FactRow key={fact.name} fact={fact} />
        ))}
      </dl>
    </section>
  );
}

function FactRow({ fact }: { fact: Fact }) {
  return (
    <>
      <dt>{fact.name}</dt>
      <dd>
        {typeof fact.value === "string" ? <VisibleText text={fact.value} /> : fact.value}
        {fact.copy !== undefined && <CopyButton text={fact.copy} label={`Copy ${fact.name}`} />}
      </dd>
    </>
  );
}

function timeFacts({ at, meta, duration_ms }: EntryWhole, session: Session | null, zone: string) {
  const since = at && session?.started_at ? Date.parse(at) - Date.parse(session.started_at) : Number.NaN;
  return [
    at ? { name: zone === "UTC" ? "Time" : `Local (${zone})`, value: formatDateTimeExact(at, zone) } : null,
    at
      ? { name: "UTC", value: at, copy: at }
      : { name: "Time", value: "This line and those before it have none." },
    Number.isFinite(since) && since >= 0 ? { name: "Since start", value: `+${formatDuration(since)}` } : null,
    typeof meta.raw_at === "string" && meta.raw_at !== at ? { name: "As written", value: meta.raw_at } : null,
    duration_ms === null
      ? null
      : { name: "Duration", value: `${formatDuration(duration_ms)} (${formatCount(duration_ms)} ms)` },
  ];
}

function tokenFacts({ model, tokens, meta }: EntryWhole) {
  const facts: (Fact | null)[] = [text("Model", model ?? meta.model), text("Stop reason", meta.stop_reason)];
  if (tokens) {
    facts.push(
      { name: "Input", value: formatCount(tokens.input) },
      { name: "Output", value: formatCount(tokens.output) },
      { name: "Cache write", value: formatCount(tokens.cache_creation) },
      { name: "Cache read", value: formatCount(tokens.cache_read) },
      { name: "Total", value: `${formatCount(tokens.total)} (of the whole message)` },
    );
  }
  const detail = isRecord(meta.tokens) ? meta.tokens : {};
  facts.push(
    count("Cache write, 5 minutes", detail.cache_5m),
    count("Cache write, 1 hour", detail.cache_1h),
    text("Service tier", detail.service_tier),
  );
  return facts;
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

function whereFacts({ meta }: EntryWhole) {
  return [
    text("Directory", meta.cwd),
    text("Branch", meta.git_branch),
    text("Client version", meta.client_version),
    text("Started by", meta.entrypoint),
    text("Permission mode", meta.permission_mode),
    meta.is_sidechain === true
      ? { name: "Sidechain", value: "yes: a subagent's line in its parent's file" }
      : null,
  ];
}

function idFacts(whole: EntryWhole) {
  const { meta } = whole;
  return [
    id("Entry UUID", whole.uuid),
    id("Parent UUID", meta.parent_uuid),
    id("Message", whole.message_id),
    id("Request", meta.request_id),
    id("Tool use", whole.tool_use_id),
    id("Session (as written)", meta.session_id),
  ];
}

function lineFacts(whole: EntryWhole) {
  const { meta } = whole;
  return [
    text("Raw type", whole.raw_type),
    // The API counts lines from 0, editors from 1.
    typeof meta.line === "number" ? { name: "Line of the file", value: formatCount(meta.line + 1) } : null,
    { name: "Entry number", value: String(whole.seq), copy: String(whole.seq) },
    { name: "Size", value: `${formatBytes(whole.size_bytes)} (${formatCount(whole.size_bytes)} bytes)` },
    meta.raw_exact === false
      ? { name: "Raw line", value: "holds bytes that are not UTF-8, shown as U+FFFD" }
      : null,
    whole.inherited ? { name: "Copied", value: "yes: the line belongs to another session" } : null,
  ];
}

const KNOWN = new Set(
  (
    "line byte_size at raw_at uuid parent_uuid session_id message_id request_id model stop_reason client_version cwd " +
    "git_branch entrypoint permission_mode is_sidechain agent_id tokens duration_ms permission hook tool raw_exact"
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

function text(name: string, value: unknown): Fact | null {
  return typeof value === "string" && value !== "" ? { name, value } : null;
}

function id(name: string, value: unknown): Fact | null {
  return typeof value === "string" && value !== ""
    ? { name, value: <code>{value}</code>, copy: value }
    : null;
}

function count(name: string, value: unknown): Fact | null {
  return typeof value === "number" && value > 0 ? { name, value: formatCount(value) } : null;
}
