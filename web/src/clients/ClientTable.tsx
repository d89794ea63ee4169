import { Link } from "@tanstack/react-router";
import { memo, useState } from "react";
import type { Client } from "../api/client";
import { formatBytes, formatCount, formatDateTimeExact, formatDuration, NONE } from "../format";
import { visibleText } from "../replay/text/invisible";
import { useZoneName } from "../timeZone";
import { ClientDetails } from "./ClientDetails";
import { ALARMS, ageOf, nameOf, ownerOf, sessionsOf } from "./clients";
import { AlarmSign, StateMark } from "./StateMark";
import "./ClientTable.css";

/** A fleet of thousands is shown in steps: what is alarming stands on top, and the rest is found by its name. */
const ROWS_STEP = 200;

interface Props {
  clients: Client[];
  open: ReadonlySet<string>;
  onToggle: (client: Client, wasOpen: boolean) => void;
  now_ms: number;
}

export function ClientTable({ clients, open, onToggle, now_ms }: Props) {
  const zone = useZoneName();
  const [count, setCount] = useState(ROWS_STEP);
  return (
    <>
      <div className="client-table" role="table" aria-label="Clients" aria-rowcount={clients.length + 1}>
        <div role="rowgroup" className="client-head">
          <div role="row" className="client-row">
            <div role="columnheader" className="client-name">
              Client
            </div>
            <div role="columnheader">State</div>
            <div role="columnheader">Alarms</div>
            <div role="columnheader" className="cell-number client-sessions">
              Sessions
            </div>
            <div role="columnheader" className="client-seen">
              Last seen
            </div>
            <div role="columnheader" className="cell-number client-lag">
              Unshipped
            </div>
            <div role="columnheader" className="client-system">
              System
            </div>
          </div>
        </div>
        <div role="rowgroup">
          {clients.slice(0, count).map((client) => (
            <ClientRow
              key={client.id}
              client={client}
              isOpen={open.has(client.id)}
              onToggle={onToggle}
              age={ageOf(client.last_seen_at, now_ms)}
              zone={zone}
            />
          ))}
        </div>
      </div>
      {clients.length > count && (
        <div className="clients-more">
          <button type="button" className="outlined-button" onClick={() => setCount(count + ROWS_STEP)}>
            Show more of {formatCount(clients.length)}
          </button>
        </div>
      )}
    </>
  );
}

interface RowProps {
  client: Client;
  isOpen: boolean;
  onToggle: (client: Client, wasOpen: boolean) => void;
  age: string;
  zone: string;
}

const ClientRow = memo(function ClientRow({ client, isOpen, onToggle, age, zone }: RowProps) {
  const name = visibleText(nameOf(client));
  const id = `client-${client.id}`;
  return (
    <>
      <div role="row" className={isOpen ? "client-row client-row-open" : "client-row"}>
        <div role="cell" className="client-name">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={isOpen ? id : undefined}
            onClick={() => onToggle(client, isOpen)}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M6 3.5 10.5 8 6 12.5" />
            </svg>
            <bdi title={name}>{name}</bdi>
          </button>
          <bdi className="beside">{visibleText(ownerOf(client))}</bdi>
        </div>
        <div role="cell">
          <StateMark state={client.state} />
        </div>
        <div role="cell" className="client-alarms">
          <AlarmSummary client={client} />
        </div>
        <div role="cell" className="cell-number client-sessions">
          {client.sessions === 0 ? (
            "0"
          ) : (
            <Link
              to="/"
              search={{ filter: sessionsOf(client) }}
              aria-label={`${formatCount(client.sessions)} sessions of ${name}`}
            >
              {formatCount(client.sessions)}
            </Link>
          )}
        </div>
        <div role="cell" className="client-seen" title={formatDateTimeExact(client.last_seen_at, zone)}>
          {age}
        </div>
        <div role="cell" className="cell-number client-lag">
          <Unshipped client={client} />
        </div>
        <div role="cell" className="client-system" title={client.os ?? undefined}>
          {client.os === null ? NONE : visibleText(client.os)}
          {client.collector_version !== null && (
            <span className="beside">collector {visibleText(client.collector_version)}</span>
          )}
        </div>
      </div>
      {isOpen && (
        <div role="row" id={id} className="client-row-details">
          <div role="cell">
            <ClientDetails client={client} zone={zone} />
          </div>
        </div>
      )}
    </>
  );
});

function AlarmSummary({ client }: { client: Client }) {
  const [first, ...others] = client.alarms;
  if (first === undefined) return <span className="client-quiet">None</span>;
  return (
    <span className="alarm-summary" title={client.alarms.map(({ words }) => words).join("\n")}>
      <AlarmSign />
      <span>{ALARMS[first.kind].label}</span>
      {others.length > 0 && <small>+{others.length}</small>}
    </span>
  );
}

function Unshipped({ client }: { client: Client }) {
  if (client.collector_version === null) return NONE;
  if (client.unshipped_bytes === 0 && client.faults.length > 0)
    return (
      <span title={client.faults.map(({ path, problem }) => visibleText(`${path} ${problem}`)).join("\n")}>
        {formatCount(client.faults.length)} {client.faults.length === 1 ? "fault" : "faults"}
      </span>
    );
  if (client.unshipped_bytes === 0) return <span className="client-quiet">All shipped</span>;
  return (
    <>
      {formatBytes(client.unshipped_bytes)}
      {client.lag_ms > 0 && <span className="beside">for {formatDuration(client.lag_ms)}</span>}
    </>
  );
}

/** What stands for the rows while they are loaded for the first time. */
export function TableSkeleton() {
  return (
    <div className="client-skeleton" aria-hidden="true">
      {["a", "b", "c", "d", "e", "f"].map((key) => (
        <div key={key} className="client-row">
          <span />
          <span />
          <span />
          <span />
          <span />
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}
