import { Link } from "@tanstack/react-router";
import { formatBytes, formatCount, formatDateTimeExact, formatDuration } from "../../format";
import { titleOf } from "../../sessions/rows";
import { useZoneName } from "../../timeZone";
import { keptOnTheWay } from "../address";
import { recordsTooLittle } from "../recorded";
import { coverageOf, useSubagents, useTreeFigures } from "../sessions";
import type { Session } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { Glyph } from "../trace/EntryMark";
import { toolName } from "../trace/words";
import { type Fact, FactGroups, figure, id, text } from "./facts";

/** All that is known of a session: the header has room for the beginning of it only. */
export function SessionFacts({ session }: { session: Session }) {
  const zone = useZoneName();
  const tree = useTreeFigures(session).data ?? null;
  const { tokens } = session;
  const { lines, missing } = coverageOf(session);
  const groups: [string, (Fact | null)[]][] = [
    [
      "Session",
      [
        text("Title", titleOf(session).text),
        id("Session id", session.id),
        id("Agent id", session.agent_id),
        text("Type of agent", session.agent_type),
      ],
    ],
    [
      "Where",
      [
        { name: "Collected from", value: `${session.client.host} · ${session.client.user}` },
        id("Client", session.client.id),
        text("Directory", session.project),
        list("Branch", "Branches", session.git_branches),
        text("Client version", session.client_version),
        list("Permission mode", "Permission modes", session.permission_modes),
      ],
    ],
    [
      "Time",
      [
        time("Started", session.started_at, zone),
        time("Ended", session.ended_at, zone),
        { name: "Duration", value: formatDuration(session.duration_ms), copy: String(session.duration_ms) },
        { name: "Active", value: formatDuration(session.active_ms), copy: String(session.active_ms) },
      ],
    ],
    [
      recordsTooLittle(session.client_version) ? "Model and recorded tokens" : "Model and tokens",
      [
        list("Model", "Models", session.models),
        figure("Input", tokens.input),
        figure("Output", tokens.output),
        figure("Cache write", tokens.cache_creation),
        figure("Cache read", tokens.cache_read),
        figure("Total", tokens.total),
        tree && figure("With subagents", tree.tokens.total),
      ],
    ],
    [
      "What it holds",
      [
        figure("Prompts", session.prompts),
        figure("Messages", session.messages),
        figure("Tool calls", session.tool_calls),
        tree && figure("With subagents", tree.tool_calls),
        list("Tool", "Tools", session.tools.map(toolName)),
        session.subagents > 0 ? figure("Subagents", session.subagents) : null,
        figure("Entries", session.entries),
        { name: "Coverage", value: missing === null ? lines : `${lines}, ${missing}` },
        session.inherited_lines > 0 ? figure("Copied lines", session.inherited_lines) : null,
        {
          name: "Transcript",
          value: `${formatBytes(session.size_bytes)} (${formatCount(session.size_bytes)} bytes)`,
          copy: String(session.size_bytes),
        },
      ],
    ],
  ];
  return (
    <div className="sr-inspector-body sr-session-facts">
      <FactGroups groups={groups} />
      <Subagents session={session} />
    </div>
  );
}

const SUBAGENTS_SHOWN_MAX = 100;

/** Those that no call of the trace names are reached from here alone, such as the client's own warm-ups. */
function Subagents({ session }: { session: Session }) {
  const found = useSubagents(session).data;
  if (found === undefined || found.size === 0) return null;
  const all = [...found.values()].sort((one, other) =>
    (one.started_at ?? "").localeCompare(other.started_at ?? ""),
  );
  return (
    <section className="sr-meta sr-session-subagents">
      <h3>Subagents</h3>
      <ul>
        {all.slice(0, SUBAGENTS_SHOWN_MAX).map((one) => (
          <li key={one.id}>
            <Link
              to="/replay/$sessionId"
              params={{ sessionId: one.id }}
              search={(search) => keptOnTheWay(search)}
            >
              <Glyph name="agent" /> <VisibleText text={titleOf(one).text} />
            </Link>
            <span>
              {one.tool_calls === 1 ? "1 tool call" : `${formatCount(one.tool_calls)} tool calls`} ·{" "}
              {formatDuration(one.duration_ms)}
            </span>
          </li>
        ))}
      </ul>
      {all.length > SUBAGENTS_SHOWN_MAX && (
        <p className="sr-note">
          {formatCount(all.length - SUBAGENTS_SHOWN_MAX)} more are in the list of sessions.
        </p>
      )}
    </section>
  );
}

function time(name: string, at: string | null, zone: string): Fact | null {
  return at === null ? null : { name, value: formatDateTimeExact(at, zone), copy: at };
}

function list(one: string, many: string, values: readonly string[]): Fact | null {
  if (values.length === 0) return null;
  return { name: values.length === 1 ? one : many, value: values.join(", ") };
}
