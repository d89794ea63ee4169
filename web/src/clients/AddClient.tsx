import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { address, type Client } from "../api/client";
import { formatCount, formatDateTime } from "../format";
import { visibleText } from "../replay/text/invisible";
import { Command } from "../shell/Command";
import { Dialog } from "../shell/Dialog";
import { Failure } from "../shell/FailurePage";
import { useZoneName } from "../timeZone";
import { enrolledSince } from "./clients";
import { faultOf, isLoopback, likelySystem, SYSTEM_NAMES, SYSTEMS, type System, stepsOf } from "./commands";
import { addClient, clientsQuery } from "./list";
import { Segments } from "./Segments";
import "./AddClient.css";

const LABEL_CHARS_MAX = 120;
/** Somebody is waiting for it. */
const POLL_MS = 1_500;
const SERVER_KEY = "session-replay.server-address";

interface Props {
  clients: Client[];
  onClose: () => void;
}

/** A name becomes a one-time token and the commands that redeem it; then it is told when the client is there. */
export function AddClient({ clients, onClose }: Props) {
  const [label, setLabel] = useState("");
  const [server, setServer] = useState(rememberedServer);
  const [tried, setTried] = useState(false);
  const [before, setBefore] = useState<ReadonlyMap<string, string | null>>(new Map());
  const adding = useMutation({ mutationFn: () => addClient(label.trim()) });
  const token = adding.data;
  const nameFault = label.trim() === "" ? "Give it a name, so that you know it again." : undefined;
  const serverFault = faultOf(server.trim());

  const make = () => {
    setTried(true);
    if (nameFault !== undefined || serverFault !== undefined || adding.isPending) return;
    setBefore(new Map(clients.map(({ id, enrolled_at }) => [id, enrolled_at])));
    rememberServer(server.trim());
    adding.mutate();
  };
  const again = () => {
    adding.reset();
    setLabel("");
    setTried(false);
  };

  if (token !== undefined)
    return (
      <Dialog
        key="connect"
        wide
        header={`Connect ${visibleText(token.label)}`}
        onClose={onClose}
        footer={
          <>
            <button type="button" className="text-button" onClick={again}>
              Add another
            </button>
            <button type="button" className="primary-button" data-autofocus onClick={onClose}>
              Done
            </button>
          </>
        }
      >
        <Connect
          label={token.label}
          token={token.token}
          expires_at={token.expires_at}
          server={server.trim().replace(/\/+$/, "")}
          before={before}
        />
      </Dialog>
    );
  return (
    <Dialog
      key="name"
      wide
      header="Add a client"
      onClose={onClose}
      onSubmit={make}
      footer={
        <>
          <button type="button" className="text-button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary-button" disabled={adding.isPending}>
            Make a token
          </button>
        </>
      }
    >
      <div className="add-client">
        <Field
          label="Name"
          description="What you call this machine and its user. It can be changed later."
          error={tried ? nameFault : undefined}
          value={label}
          onChange={setLabel}
          placeholder="Build farm 3"
          maxLength={LABEL_CHARS_MAX}
          autoFocused
        />
        <Field
          label="Address of this server"
          description="As the client reaches it. It stands in the command that you run there."
          error={tried || server.trim() !== "" ? serverFault : undefined}
          warning={
            isLoopback(server)
              ? "Only clients on the server's own machine reach this address. For other machines put a TLS proxy before the server (docs/deploy.md) and write its address here."
              : undefined
          }
          value={server}
          onChange={setServer}
        />
        {adding.isError && <Failure error={adding.error} retry={make} />}
      </div>
    </Dialog>
  );
}

interface FieldProps {
  label: string;
  description: string;
  error?: string | undefined;
  warning?: string | undefined;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  maxLength?: number;
  autoFocused?: boolean;
}

function Field({ label, description, error, warning, value, onChange, autoFocused, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className="add-client-field">
      <label htmlFor={id}>{label}</label>
      <p id={`${id}-description`}>{description}</p>
      <input
        id={id}
        className="text-field"
        value={value}
        onChange={({ target }) => onChange(target.value)}
        aria-describedby={`${id}-description ${id}-fault`}
        aria-invalid={error !== undefined}
        data-autofocus={autoFocused}
        {...rest}
      />
      <div id={`${id}-fault`} role="status">
        {error !== undefined && <p className="add-client-error">{error}</p>}
        {error === undefined && warning !== undefined && <p className="add-client-warning">{warning}</p>}
      </div>
    </div>
  );
}

interface ConnectProps {
  label: string;
  token: string;
  expires_at: string;
  server: string;
  before: ReadonlyMap<string, string | null>;
}

function Connect({ label, token, expires_at, server, before }: ConnectProps) {
  const zone = useZoneName();
  const [system, setSystem] = useState<System>(() => likelySystem(navigator.platform));
  return (
    <div className="add-client">
      <div className="add-client-head">
        <Segments
          name="System of the client"
          value={system}
          onChange={setSystem}
          choices={SYSTEMS.map((value) => ({ value, label: SYSTEM_NAMES[value] }))}
        />
        <p>
          The token is told this once. Redeem it by <strong>{formatDateTime(expires_at, zone)}</strong>; then
          only the same user on the same machine can again, and that alarms. Keep it from others.
        </p>
      </div>
      <ol className="add-client-steps">
        {stepsOf(system, server, token).map(({ title, command, note }) => (
          <li key={title}>
            <h3>{title}</h3>
            <Command key={command} text={command} />
            {note !== undefined && <p>{note}</p>}
          </li>
        ))}
      </ol>
      <Arrival label={label} before={before} />
    </div>
  );
}

/** Waits for the client that redeems the token, and says how far it is. */
function Arrival({ label, before }: { label: string; before: ReadonlyMap<string, string | null> }) {
  const { data } = useQuery({ ...clientsQuery, refetchInterval: POLL_MS });
  const client = enrolledSince(data?.items ?? [], label, before);
  const who = client && visibleText(`${client.user} on ${client.host}`);
  const phase = client === undefined ? "waiting" : client.state === "offline" ? "enrolled" : "connected";
  return (
    <div className={`arrival arrival-${phase}`} role="status">
      <i aria-hidden="true" />
      {phase === "waiting" && (
        <p>
          <strong>Waiting for the client.</strong> Run the commands on its machine. As soon as its collector
          reports, this says so, and its sessions come in.
        </p>
      )}
      {phase === "enrolled" && (
        <p>
          <strong>Enrolled: {who}.</strong> Waiting for its first report.
        </p>
      )}
      {phase === "connected" && (
        <p>
          <strong>Connected: {who}.</strong>{" "}
          {client?.sessions
            ? `${formatCount(client.sessions)} ${client.sessions === 1 ? "session" : "sessions"} so far.`
            : "Its sessions come in now."}
        </p>
      )}
    </div>
  );
}

/** The address that clients of other machines were given last, else the one that this page was reached by. */
function rememberedServer(): string {
  const here = address("").replace(/\/$/, "");
  try {
    return localStorage.getItem(SERVER_KEY) ?? here;
  } catch {
    return here;
  }
}

function rememberServer(server: string): void {
  if (isLoopback(server)) return;
  try {
    localStorage.setItem(SERVER_KEY, server);
  } catch {
    // Storage is switched off: it is typed again next time.
  }
}
