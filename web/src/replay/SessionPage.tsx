// The order matters: what is common comes first, so that a part can differ from it.
import "./palette.css";
import "./replay.css";
import "./trace/trace.css";
import "./timeline/timeline.css";
import "./inspector/inspector.css";
import "./audit/audit.css";
import { getRouteApi } from "@tanstack/react-router";
import { type RefObject, useRef, useState } from "react";
import type { StateSnapshot } from "react-virtuoso";
import { ApiError } from "../api/client";
import { titleOf } from "../sessions/rows";
import { Failure } from "../shell/FailurePage";
import { PageMessage } from "../shell/PageMessage";
import { usePage } from "../shell/page";
import { keptOnTheWay } from "./address";
import { SessionView } from "./SessionView";
import { shortened, useAncestors, useSession } from "./sessions";
import { visibleText } from "./text/invisible";
import { useTrace } from "./trace/useTrace";

export { beginTrace } from "./trace/useTrace";

const route = getRouteApi("/replay/$sessionId");

/** One session: its trace, and everything about the entry that is looked at. */
export default function SessionPage() {
  const { sessionId } = route.useParams();
  const railPlace = useRef<StateSnapshot | null>(null);
  // A new session is a new page: nothing that was opened or found in the old one belongs here. Only the list of
  // sessions stays where it was scrolled to.
  return <SessionOf key={sessionId} sessionId={sessionId} railPlace={railPlace} />;
}

const CRUMB_CHARACTERS = 60;

interface Props {
  sessionId: string;
  railPlace: RefObject<StateSnapshot | null>;
}

function SessionOf({ sessionId, railPlace }: Props) {
  const [attempt, setAttempt] = useState(0);
  const stored = useSession(sessionId, attempt);
  const search = route.useSearch();
  const { entry, agent } = search;
  // The entry of a subagent that is opened in place is none of this session's.
  const trace = useTrace(sessionId, attempt, agent === undefined || agent === sessionId ? entry : undefined);
  const session = trace.session ?? stored.data ?? null;
  const ancestors = useAncestors(session).data ?? [];
  // Outside of this page nothing shows what cannot be seen.
  const title = session ? visibleText(titleOf(session).text) : "Session";
  usePage({
    title,
    fill: true,
    crumbs: [
      { text: "Session Replay", href: "/", search: { filter: search.filter, sort: search.sort } },
      ...ancestors.map((one) => ({
        text: visibleText(shortened(titleOf(one).text, CRUMB_CHARACTERS)),
        href: `/replay/${encodeURIComponent(one.id)}`,
        search: keptOnTheWay(search),
      })),
      { text: title, href: `/replay/${encodeURIComponent(sessionId)}` },
    ],
  });

  const error = stored.error ?? (trace.connection.state === "failed" ? trace.connection.error : null);
  if (error instanceof ApiError && error.status === 404) return <NoSuchSession />;
  if (error !== null && trace.rows.entryCount === 0) {
    return (
      <div className="sr-page-message">
        <Failure error={error} retry={() => setAttempt(attempt + 1)} />
      </div>
    );
  }
  return (
    <SessionView
      sessionId={sessionId}
      session={session}
      ancestors={ancestors}
      railPlace={railPlace}
      trace={trace}
      onRetry={() => setAttempt(attempt + 1)}
    />
  );
}

function NoSuchSession() {
  return (
    <div className="sr-page-message">
      <PageMessage header="There is no such session">
        Its transcript is not stored here. The address may be misspelt, or the session was never imported.
      </PageMessage>
    </div>
  );
}
