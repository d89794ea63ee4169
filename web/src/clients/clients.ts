import type { Client } from "../api/client";
import { formatDuration, NONE } from "../format";

export type ClientState = Client["state"];
export type Alarm = Client["alarms"][number];

export const STATES: Record<ClientState, { label: string; means: string }> = {
  online: { label: "Online", means: "Its collector reported within the last 3 minutes." },
  offline: { label: "Offline", means: "Its collector has not reported for more than 3 minutes." },
  paused: { label: "Paused", means: "Its collector runs and sends nothing: somebody paused it there." },
  revoked: { label: "Revoked", means: "Its collector is refused. What it sent stays." },
  imported: { label: "Imported", means: "Its transcripts were imported once: no collector runs there." },
};

/** What the list is narrowed to: one state, or the clients that something is alarming about. */
export type Choice = ClientState | "alarms";
export const CHOICES = ["alarms", "online", "offline", "paused", "revoked", "imported"] as const;

/** What the address says about the list of clients. */
export interface ClientsSearch {
  q?: string;
  state?: Choice;
  /** A client whose details are open. */
  client?: string;
}

/** What an address says, what it cannot say left out; each key is named, see `sessionsSearch`. */
export function clientsSearch(search: Record<string, unknown>): ClientsSearch {
  // A text that looks like a number comes as one.
  const text = (value: unknown) =>
    (typeof value === "string" && value !== "") || typeof value === "number" ? String(value) : undefined;
  return {
    q: text(search.q),
    state: CHOICES.find((one) => one === search.state),
    client: text(search.client),
  };
}

/** In a few words what an alarm is, what its figure counts if not times, and what to do; the server says what happened. */
export const ALARMS: Record<Alarm["kind"], { label: string; advice: string; counts?: string }> = {
  rewritten: {
    label: "Transcript rewritten",
    advice:
      "Claude Code only appends. Ask who edited the file, and compare: both versions are kept, the session shows the newer one.",
  },
  truncated: {
    label: "Transcript cut off",
    advice: "Claude Code only appends. A full disk or a restored backup can do this; else ask who cut it.",
  },
  deleted: {
    label: "Transcripts removed",
    counts: "transcripts",
    advice:
      "Claude Code removes transcripts after its clean-up period (30 days by default). Younger ones were removed by somebody.",
  },
  "enrolled-again": {
    label: "Enrolled again",
    advice:
      "Expected if its collector lost its state folder, moved to another address of this server, or shipped its transcripts with import. Else somebody has read the token: revoke this client and add it anew.",
  },
  copied: {
    label: "Credential in use twice",
    advice:
      "Revoke this client if you did not clone the machine, then connect each machine with a token of its own.",
  },
  "machine-changed": {
    label: "Another machine",
    advice: "Expected after a move to new hardware. If nobody moved it, revoke this client.",
  },
  unshipped: {
    label: "Not shipping",
    advice:
      "Run session-replay collect --status on the machine: it says what is missing and why. It ends when all is shipped.",
  },
  unreadable: {
    label: "Files out of reach",
    counts: "files or folders",
    advice:
      "Named below, with the reason of each. Give the collector's user the right to read them, or leave them out with --exclude. It ends when nothing is out of reach.",
  },
  "clock-skew": {
    label: "Clock is wrong",
    advice:
      "Turn on time synchronisation there: times in its transcripts are off by as much. It ends when the clock is right.",
  },
  silent: {
    label: "Silent",
    advice:
      "The machine may be off. If it is on, look whether the collector runs there. It ends with its next report.",
  },
};

/** What a client is called in lists: the name that it was given, else its host. */
export function nameOf(client: Client): string {
  return client.label ?? (client.host || client.id);
}

/** The second line beneath the name: what the first does not say. */
export function ownerOf(client: Client): string {
  return client.label === null || client.label === client.host
    ? client.user
    : `${client.user} on ${client.host}`;
}

/** The filter of the session browser that lists what came from a client. */
export function sessionsOf(client: Client) {
  return {
    and: [
      { property: "host", operator: "=" as const, value: client.host },
      { property: "user", operator: "=" as const, value: client.user },
    ],
  };
}

/** The clients that are asked for: of a state, and with every word in one of their names. */
export function matching(clients: Client[], choice: Choice | undefined, text: string): Client[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return clients.filter((client) => {
    if (choice !== undefined && !isOf(client, choice)) return false;
    const { label, host, user, os, collector_version, id } = client;
    const names = [label, host, user, os, collector_version, id].join("\n").toLowerCase();
    return words.every((word) => names.includes(word));
  });
}

export function isOf(client: Client, choice: Choice): boolean {
  return choice === "alarms" ? client.alarms.length > 0 : client.state === choice;
}

/**
 * Fresh clients in the places that they had on the screen.
 *
 * `order` are the ids as they were shown; who is new stands before the next known one of the server's order.
 */
export function inOrder(fresh: Client[], order: string[]): Client[] {
  const rank = new Map(order.map((id, index) => [id, index]));
  const rankOf = (client: Client) => rank.get(client.id) ?? -1;
  const shown = fresh.filter(({ id }) => rank.has(id)).sort((a, b) => rankOf(a) - rankOf(b));
  let next: Client | undefined;
  for (const client of fresh.toReversed()) {
    if (!rank.has(client.id))
      shown.splice(next === undefined ? shown.length : shown.indexOf(next), 0, client);
    next = client;
  }
  return shown;
}

const JUST_NOW_MS = 60_000;

/** `just now`, `4m ago`, `3d ago`: in the largest unit; NONE for never. */
export function ageOf(at: string | null, now_ms: number): string {
  const since = at === null ? Number.NaN : Date.parse(at);
  if (Number.isNaN(since)) return NONE;
  const age_ms = now_ms - since;
  // Clocks of two machines differ a little.
  if (age_ms < JUST_NOW_MS) return "just now";
  return `${formatDuration(age_ms).split(" ")[0]} ago`;
}

/** The client that redeemed a token: it carries the token's name and was enrolled since `before`. */
export function enrolledSince(clients: Client[], label: string, before: ReadonlyMap<string, string | null>) {
  return clients.find(
    (client) =>
      client.label === label && client.enrolled_at !== null && before.get(client.id) !== client.enrolled_at,
  );
}
