import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import {
  formatCount,
  formatDateTime,
  formatDateTimeExact,
  formatDuration,
  formatShort,
  shortPath,
} from "../format";
import { titleOf } from "../sessions/rows";
import { useZoneName } from "../timeZone";
import { keptOnTheWay, permanentLink } from "./address";
import { CopyButton } from "./clipboard";
import { ExportMenu } from "./ExportMenu";
import { RECORDED_WORDS, recordsTooLittle } from "./recorded";
import { coverageOf } from "./sessions";
import type { Session } from "./shapes";
import { VisibleText } from "./text/VisibleText";
import { Glyph, type GlyphName } from "./trace/EntryMark";

interface Props {
  session: Session;
  ancestors: readonly Session[];
  actions: ReactNode;
}

/** Whose session this is, how long it took, what it used, and whether all of it is on the screen. */
export function SessionHeader({ session, ancestors, actions }: Props) {
  const zone = useZoneName();
  return (
    <header className="sr-header">
      {session.parent_id !== null && <WayBack session={session} ancestors={ancestors} />}
      <div className="sr-header-line">
        <h1 title={titleOf(session).text}>
          <VisibleText text={titleOf(session).text} />
        </h1>
        {session.live && (
          <span className="sr-live" title="The transcript grew within the last five minutes">
            Live
          </span>
        )}
        {session.parent_id !== null && <Tag>{session.agent_type ?? "Subagent"}</Tag>}
        {session.warmup && <Tag title="Started by the client itself, not by the conversation">Warm-up</Tag>}
        {session.orphan && <Tag title="The session that spawned it is not stored">No parent stored</Tag>}
        {session.generation > 0 && (
          <Tag title="The file was rewritten or cut; older bytes are kept">Rewritten</Tag>
        )}
        <span className="sr-header-actions">
          <ExportMenu session={session} />
          <CopyButton text={permanentLink(session.id)} label="Copy link" glyph="link" wide />
          {actions}
        </span>
      </div>
      <div className="sr-header-facts">
        <Fact glyph="host" title={`Client ${session.client.id}`}>
          <VisibleText text={session.client.host} /> · <VisibleText text={session.client.user} />
        </Fact>
        {session.project !== null && (
          <Fact glyph="folder" title={session.project} cut>
            <bdi>
              <VisibleText text={shortPath(session.project)} />
            </bdi>
          </Fact>
        )}
        {session.git_branch && (
          <Fact glyph="branch" title={`Branches: ${session.git_branches.join(", ") || session.git_branch}`}>
            <VisibleText text={session.git_branch} />
          </Fact>
        )}
        {session.models.length > 0 && (
          <Fact title={session.models.join(", ")}>
            <VisibleText text={session.models[0] ?? ""} />
            {session.models.length > 1 && ` +${session.models.length - 1}`}
          </Fact>
        )}
        <Fact
          glyph="clock"
          title={`Started ${formatDateTimeExact(session.started_at, zone)}, client ${session.client_version ?? "of unknown version"}`}
        >
          {formatDateTime(session.started_at, zone)}
        </Fact>
        <Figure
          name="Duration"
          value={formatDuration(session.duration_ms)}
          more={
            session.active_ms < session.duration_ms
              ? `${formatDuration(session.active_ms)} active`
              : undefined
          }
          title="From the first to the last line; active leaves out gaps over five minutes"
        />
        <Figure
          name="Messages"
          value={formatCount(session.messages)}
          more={session.prompts === 1 ? "1 prompt" : `${formatCount(session.prompts)} prompts`}
          title="Human prompts and messages of the model"
        />
        <Figure
          name={recordsTooLittle(session.client_version) ? "Recorded tokens" : "Tokens"}
          value={formatShort(session.tokens.total)}
          title={tokenWords(session)}
        />
        <CoverageFigure session={session} />
        {session.inherited_lines > 0 && (
          <Figure
            name="Copied"
            value={`${formatCount(session.inherited_lines)} lines`}
            title="Lines that a fork or resume copied from another session; the figures leave them out"
          />
        )}
      </div>
    </header>
  );
}

function WayBack({ session, ancestors }: { session: Session; ancestors: readonly Session[] }) {
  const chain = ancestors.length > 0 ? ancestors : [];
  return (
    <nav className="sr-way-back" aria-label="Parent sessions">
      <Glyph name="left" />
      {chain.length === 0 && session.parent_id !== null && (
        <Link
          to="/replay/$sessionId"
          params={{ sessionId: session.parent_id }}
          search={(search) => keptOnTheWay(search, session.spawned_by_seq)}
        >
          Parent session
        </Link>
      )}
      {chain.map((one, index) => {
        const below = chain[index + 1] ?? session;
        return (
          <span key={one.id}>
            <Link
              to="/replay/$sessionId"
              params={{ sessionId: one.id }}
              search={(search) => keptOnTheWay(search, below.spawned_by_seq)}
            >
              <VisibleText text={titleOf(one).text} />
            </Link>
            <span className="sr-way-back-rule"> › </span>
          </span>
        );
      })}
      <span>this subagent</span>
    </nav>
  );
}

function Tag({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <span className="sr-badge" title={title}>
      {children}
    </span>
  );
}

interface FactProps {
  glyph?: GlyphName;
  title: string;
  cut?: boolean;
  children: ReactNode;
}

function Fact({ glyph, title, cut = false, children }: FactProps) {
  return (
    <span className={cut ? "sr-fact sr-fact-cut" : "sr-fact"} title={title}>
      {glyph && <Glyph name={glyph} />}
      <span>{children}</span>
    </span>
  );
}

interface FigureProps {
  name: string;
  value: string;
  more?: string | undefined;
  title: string;
}

function Figure({ name, value, more, title }: FigureProps) {
  return (
    <span className="sr-figure" title={title}>
      {name} <b>{value}</b>
      {more && ` (${more})`}
    </span>
  );
}

/** Whether all of the transcript is on the screen: what is missing is said, not only coloured. */
function CoverageFigure({ session }: { session: Session }) {
  const { state, lines, missing } = coverageOf(session);
  return (
    <span
      className={`sr-figure sr-coverage-${state}`}
      title="Lines of the transcript that have at least one entry, of all that are not empty"
    >
      {state === "gaps" && <Glyph name="damaged" />}
      {state === "whole" && <Glyph name="check" />}
      {state === "reading" && <span className="sr-spinner" aria-hidden="true" />} Coverage <b>{lines}</b>
      {missing !== null && `, ${missing}`}
    </span>
  );
}

function tokenWords({ tokens, client_version }: Session): string {
  return [
    `${formatCount(tokens.total)} tokens`,
    `input ${formatCount(tokens.input)}`,
    `output ${formatCount(tokens.output)}`,
    `cache write ${formatCount(tokens.cache_creation)}`,
    `cache read ${formatCount(tokens.cache_read)}`,
    ...(recordsTooLittle(client_version) ? [RECORDED_WORDS] : []),
  ].join("\n");
}
