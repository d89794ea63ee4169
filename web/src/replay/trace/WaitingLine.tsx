import { useEffect, useState } from "react";
import { useAnnounce } from "../../shell/page";
import type { Session } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import type { TraceState } from "./useTrace";
import { type Waiting, waitingOf } from "./waiting";

const SECOND_MS = 1_000;
/** Longer than a session is called live after its last line: such a time is of another clock, or of a copied file. */
const WAIT_MS_MAX = 10 * 60_000;
/** An older client's answer goes on within this time, or it has ended. */
const SETTLED_MS = 3_000;

interface Props {
  trace: TraceState;
  session: Session | null;
}

/** The last line of a live trace: what the session waits for, and since when. */
export function WaitingLine({ trace, session }: Props) {
  const live = (session?.live ?? false) && trace.caughtUp;
  // A subagent that has ended waits for nobody.
  const waiting = live ? waitingOf(trace.rows) : null;
  const said = waiting?.for === "person" && session?.parent_id !== null ? null : waiting;
  // Keyed by the end of the trace: what was waited for before it is another wait.
  return live && said ? <Line key={trace.rows.last} waiting={said} /> : null;
}

function Line({ waiting }: { waiting: Waiting }) {
  const announce = useAnnounce();
  const [now, setNow] = useState(() => Date.now());
  const [opened] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  const words = wordsOf(waiting);
  const settled = now - opened >= SETTLED_MS;
  useEffect(() => {
    // Once, and not for waits that are over before the sentence is.
    if (settled) announce(words);
  }, [announce, words, settled]);
  if (waiting.for === "person" && !waiting.asked && !settled) return <p className="sr-waiting" />;
  const since = waiting.since === null ? Number.NaN : now - Date.parse(waiting.since);
  const seconds = since >= 0 && since <= WAIT_MS_MAX ? Math.floor(since / SECOND_MS) : null;
  return (
    <p className={`sr-waiting sr-waiting-${waiting.for}`}>
      <span className="sr-waiting-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span>
        <VisibleText text={words} />
      </span>
      {seconds !== null && waiting.for !== "person" && <span>· {secondsWords(seconds)}</span>}
    </p>
  );
}

function wordsOf(waiting: Waiting): string {
  switch (waiting.for) {
    case "model":
      return waiting.model === null ? "Waiting for the model" : `Waiting for the model · ${waiting.model}`;
    case "tool":
      return waiting.calls === 1
        ? `Running ${waiting.tool}`
        : `Running ${waiting.tool} and ${waiting.calls - 1} more`;
    case "person":
      return waiting.asked
        ? "Waiting for the person to answer"
        : "The turn has ended · waiting for the person";
  }
}

function secondsWords(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
