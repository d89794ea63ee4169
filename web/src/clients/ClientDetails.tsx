import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { answer, api, type Client } from "../api/client";
import {
  formatBytes,
  formatCount,
  formatDateTime,
  formatDateTimeExact,
  formatDuration,
  NONE,
} from "../format";
import { visibleText } from "../replay/text/invisible";
import { titleOf } from "../sessions/rows";
import { useAnnounce } from "../shell/page";
import { ALARMS, type Alarm, nameOf } from "./clients";
import { acknowledgeAlarm, letInAgain, raiseAlarmAgain, refreshClients, renameClient } from "./list";
import { RevokeClient } from "./RevokeClient";
import { AlarmSign } from "./StateMark";
import "./ClientDetails.css";

const LABEL_CHARS_MAX = 120;

/** One client: its alarms and faults, what it is, and what can be done about it. */
export function ClientDetails({ client, zone }: { client: Client; zone: string }) {
  return (
    <div className="client-details">
      <div className="client-events">
        <Alarms client={client} zone={zone} />
        <Faults client={client} />
      </div>
      <aside className="client-facts" aria-label="About this client">
        <dl>
          <Name client={client} />
          <Fact name="Host">{visibleText(client.host)}</Fact>
          <Fact name="User">{visibleText(client.user)}</Fact>
          <Fact name="System">{client.os === null ? NONE : visibleText(client.os)}</Fact>
          <Fact name="Collector">
            {client.collector_version === null ? NONE : visibleText(client.collector_version)}
          </Fact>
          <Time
            name="Enrolled"
            at={client.enrolled_at}
            zone={zone}
            none={
              client.state === "imported" ? "never: imported here" : "never: this server follows it itself"
            }
          />
          <Time name="Last seen" at={client.last_seen_at} zone={zone} none="never" />
          <Time name="Last written" at={client.last_activity_at} zone={zone} none="no transcripts" />
          <Fact name="Files">{client.files === 0 ? NONE : formatCount(client.files)}</Fact>
          <Fact name="Unshipped">
            {client.collector_version === null ? NONE : formatBytes(client.unshipped_bytes)}
            {client.lag_ms > 0 && `, for ${formatDuration(client.lag_ms)}`}
          </Fact>
          <Fact name="Id">
            <code>{client.id}</code>
          </Fact>
        </dl>
        <Revocation client={client} />
      </aside>
    </div>
  );
}

/** What is alarming, and what was acknowledged here a moment ago, which can be undone. */
function Alarms({ client, zone }: { client: Client; zone: string }) {
  const [done, setDone] = useState<Alarm[]>([]);
  const announce = useAnnounce();
  const queries = useQueryClient();
  const acknowledging = useMutation({
    mutationFn: (alarm: Alarm) => acknowledgeAlarm(client.id, alarm.kind),
    onSuccess: async (_, alarm) => {
      setDone((before) => [...before.filter(({ kind }) => kind !== alarm.kind), alarm]);
      announce(`${ALARMS[alarm.kind].label}: acknowledged`);
      await refreshClients(queries);
    },
  });
  const undoing = useMutation({
    mutationFn: (alarm: Alarm) => raiseAlarmAgain(client.id, alarm.kind),
    onSuccess: async (_, alarm) => {
      announce(`${ALARMS[alarm.kind].label}: alarming again`);
      await refreshClients(queries);
      setDone((before) => before.filter(({ kind }) => kind !== alarm.kind));
    },
  });
  const busy = acknowledging.isPending || undoing.isPending;
  // Until the list is there without it, the answer to the click is what counts.
  const open = client.alarms.filter((alarm) => !isAmong(alarm, done));
  const acknowledged = done.filter((alarm) => !open.some(({ kind }) => kind === alarm.kind));
  const failure = acknowledging.error ?? undoing.error;
  return (
    <section aria-label="Alarms">
      <h2>Alarms</h2>
      {open.length + acknowledged.length === 0 && (
        <p className="client-quiet">None. Everything that this client should say was heard.</p>
      )}
      <ul className="alarm-list">
        {open.map((alarm) => (
          <li key={alarm.kind} className="alarm">
            <AlarmSign />
            <div>
              <strong>{ALARMS[alarm.kind].label}</strong>
              <span className="alarm-since" title={formatDateTimeExact(alarm.since, zone)}>
                {alarm.count > 1 && `${formatCount(alarm.count)} ${ALARMS[alarm.kind].counts ?? "times"}, `}
                since {formatDateTime(alarm.since, zone)}
              </span>
              <p>{alarm.words}</p>
              <p className="alarm-advice">{ALARMS[alarm.kind].advice}</p>
              <AboutSessions ids={alarm.session_ids} />
            </div>
            {alarm.can_be_acknowledged && (
              <button
                type="button"
                className="outlined-button"
                aria-label={`Acknowledge: ${ALARMS[alarm.kind].label}`}
                disabled={busy}
                onClick={() => acknowledging.mutate(alarm)}
              >
                Acknowledge
              </button>
            )}
          </li>
        ))}
        {acknowledged.map((alarm) => (
          <li key={alarm.kind} className="alarm alarm-acknowledged">
            <svg className="alarm-sign" viewBox="0 0 16 16" aria-hidden="true">
              <path d="M3 8.5 6.5 12 13 4.5" />
            </svg>
            <div>
              <strong>{ALARMS[alarm.kind].label}</strong>
              <span className="alarm-since">acknowledged: it comes back if it happens again</span>
            </div>
            <button
              type="button"
              className="outlined-button"
              aria-label={`Undo: ${ALARMS[alarm.kind].label}`}
              disabled={busy}
              onClick={() => undoing.mutate(alarm)}
            >
              Undo
            </button>
          </li>
        ))}
      </ul>
      {failure !== null && <ActionFailed error={failure} />}
    </section>
  );
}

/** The same events as when it was acknowledged: with a new one it alarms again. */
function isAmong(alarm: Alarm, done: Alarm[]): boolean {
  return done.some(
    ({ kind, since, count }) => kind === alarm.kind && since === alarm.since && count === alarm.count,
  );
}

const SESSIONS_FIRST = 5;

function AboutSessions({ ids }: { ids: string[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? ids : ids.slice(0, SESSIONS_FIRST);
  const answers = useQueries({
    queries: shown.map((session_id) => ({
      queryKey: ["session", session_id],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        answer(api.GET("/api/sessions/{session_id}", { params: { path: { session_id } }, signal })),
      staleTime: 60_000,
    })),
  });
  if (ids.length === 0) return null;
  return (
    <ul className="alarm-sessions" aria-label="Sessions that it is about">
      {shown.map((sessionId, index) => {
        const session = answers[index]?.data;
        return (
          <li key={sessionId}>
            <Link to="/replay/$sessionId" params={{ sessionId }}>
              <bdi>{session === undefined ? sessionId : visibleText(titleOf(session).text)}</bdi>
            </Link>
          </li>
        );
      })}
      {shown.length < ids.length && (
        <li>
          <button type="button" className="text-button" onClick={() => setAll(true)}>
            {ids.length - shown.length} more
          </button>
        </li>
      )}
    </ul>
  );
}

function Faults({ client }: { client: Client }) {
  if (client.faults.length === 0) return null;
  return (
    <section aria-label="Files that could not be taken">
      <h2>Files that could not be taken</h2>
      <p className="client-quiet">They are tried again by themselves; all others are shipped meanwhile.</p>
      <ul className="fault-list">
        {client.faults.map(({ path, problem }) => (
          <li key={path}>
            <code>
              <bdi>{visibleText(path)}</bdi>
            </code>
            <span>{visibleText(problem)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Name({ client }: { client: Client }) {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const [typed, setTyped] = useState<string | null>(null);
  const renaming = useMutation({
    mutationFn: (label: string) => renameClient(client.id, label),
    onSuccess: async () => {
      await refreshClients(queries);
      setTyped(null);
      announce("Renamed");
    },
  });
  const close = () => {
    setTyped(null);
    renaming.reset();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
  };
  if (typed === null)
    return (
      <Fact name="Name">
        <bdi>{visibleText(nameOf(client))}</bdi>{" "}
        <button type="button" className="text-button" onClick={() => setTyped(nameOf(client))}>
          Rename
        </button>
      </Fact>
    );
  return (
    <Fact name="Name">
      <form
        className="client-rename"
        onSubmit={(event) => {
          event.preventDefault();
          renaming.mutate(typed);
        }}
      >
        <input
          // biome-ignore lint/a11y/noAutofocus: whoever pressed Rename is about to type
          autoFocus
          className="text-field"
          aria-label="New name"
          value={typed}
          maxLength={LABEL_CHARS_MAX}
          onChange={({ target }) => setTyped(target.value)}
          onKeyDown={onKeyDown}
          onFocus={({ target }) => target.select()}
        />
        <button type="submit" className="text-button" disabled={typed.trim() === "" || renaming.isPending}>
          Save
        </button>
        <button type="button" className="text-button" onClick={close}>
          Cancel
        </button>
      </form>
      {renaming.error !== null && <ActionFailed error={renaming.error} />}
    </Fact>
  );
}

/** Revoke, or let in again: each is the undoing of the other. */
function Revocation({ client }: { client: Client }) {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const [asking, setAsking] = useState(false);
  const [justNow, setJustNow] = useState(false);
  const undoing = useMutation({
    mutationFn: () => letInAgain(client.id),
    onSuccess: async () => {
      await refreshClients(queries);
      setJustNow(false);
      announce("Let in again");
    },
  });
  if (client.enrolled_at === null) return null;
  return (
    <div className="client-revocation">
      {client.state === "revoked" ? (
        <>
          <button
            type="button"
            className="outlined-button"
            disabled={undoing.isPending}
            onClick={() => undoing.mutate()}
          >
            {justNow ? "Undo" : "Let in again"}
          </button>
          <span>{justNow ? "Revoked. " : ""}Its collector is refused; what it sent stays.</span>
        </>
      ) : (
        <button type="button" className="outlined-button danger-button" onClick={() => setAsking(true)}>
          Revoke…
        </button>
      )}
      {undoing.error !== null && <ActionFailed error={undoing.error} />}
      {asking && (
        <RevokeClient client={client} onRevoked={() => setJustNow(true)} onClose={() => setAsking(false)} />
      )}
    </div>
  );
}

function ActionFailed({ error }: { error: Error }) {
  return (
    <p className="client-failed" role="alert">
      {error.message}
    </p>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Time({ name, at, zone, none }: { name: string; at: string | null; zone: string; none: string }) {
  return (
    <Fact name={name}>
      {at === null ? (
        none
      ) : (
        <time dateTime={at} title={formatDateTimeExact(at, zone)}>
          {formatDateTime(at, zone)}
        </time>
      )}
    </Fact>
  );
}
