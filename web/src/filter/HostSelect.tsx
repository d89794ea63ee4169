import Multiselect, { type MultiselectProps } from "@cloudscape-design/components/multiselect";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, api, type Client } from "../api/client";
import { formatCount, formatDateTime, formatShort } from "../format";
import { visibleText } from "../replay/text/invisible";

const CLIENTS_POLL_MS = 30_000;
/** From here on only the visible options exist. */
const OPTIONS_DRAWN_MAX = 100;

interface Props {
  hosts: string[];
  onChange: (hosts: string[]) => void;
  zone: string;
}

/** One or several machines of the fleet, with their state. */
export function HostSelect({ hosts, onChange, zone }: Props) {
  const { data, isPending, isError, refetch } = useQuery({
    queryKey: ["clients"],
    queryFn: ({ signal }) => answer(api.GET("/api/clients", { signal })),
    refetchInterval: CLIENTS_POLL_MS,
    staleTime: CLIENTS_POLL_MS,
  });
  const options = useMemo(() => optionsOf(data?.items ?? [], hosts, zone), [data, hosts, zone]);
  const chosen = options.filter(({ value }) => hosts.includes(value));
  return (
    <Multiselect
      inlineTokens
      keepOpen
      options={options}
      selectedOptions={chosen}
      onChange={({ detail }) => onChange(detail.selectedOptions.map(({ value }) => value ?? ""))}
      placeholder="All agents"
      ariaLabel="Agents"
      filteringType="auto"
      filteringPlaceholder="Find an agent or user"
      filteringAriaLabel="Find an agent or user"
      filteringClearAriaLabel="Clear"
      filteringResultsText={(matches, of) => `${formatCount(matches)} of ${formatCount(of)} agents`}
      empty="No session came from an agent yet"
      noMatch="No agent or user is called so"
      statusType={isPending ? "loading" : isError && data === undefined ? "error" : "finished"}
      loadingText="Loading agents"
      errorText="The agents could not be loaded."
      recoveryText="Retry"
      onLoadItems={({ detail }) => detail.samePage && void refetch()}
      virtualScroll={options.length > OPTIONS_DRAWN_MAX}
      expandToViewport
      selectedAriaLabel="Selected"
      deselectAriaLabel={({ label }) => `Remove ${label}`}
    />
  );
}

interface Host {
  users: string[];
  sessions: number;
  state: "online" | "paused" | "away";
  seen_at: string | null;
}

type Option = MultiselectProps.Option & { value: string };

/** One option for each host, those that are at work first; hosts that are chosen are there, known or not. */
export function optionsOf(clients: Client[], chosen: string[], zone: string): Option[] {
  const hosts = new Map<string, Host>();
  for (const client of clients) {
    const { host, user, sessions, last_seen_at } = client;
    const known = hosts.get(host) ?? AWAY;
    hosts.set(host, {
      users: known.users.includes(user) ? known.users : [...known.users, user],
      sessions: known.sessions + sessions,
      state: nearer(known.state, stateOf(client)),
      seen_at: later(known.seen_at, last_seen_at),
    });
  }
  for (const host of chosen) {
    if (!hosts.has(host)) hosts.set(host, AWAY);
  }
  return [...hosts]
    .sort(
      ([one, { state }], [other, { state: otherState }]) =>
        NEAREST.indexOf(state) - NEAREST.indexOf(otherState) || one.localeCompare(other),
    )
    .map(([host, about]) => option(host, about, zone));
}

function option(host: string, { users, sessions, state, seen_at }: Host, zone: string): Option {
  const seen = seen_at === null ? "never seen" : `last seen ${formatDateTime(seen_at, zone)}`;
  const names = users.map(visibleText);
  return {
    value: host,
    label: visibleText(host),
    description: [...names, state === "away" ? seen : state].join(" · "),
    labelTag: `${formatShort(sessions)} ${sessions === 1 ? "session" : "sessions"}`,
    filteringTags: names,
    iconSvg: (
      <svg viewBox="0 0 16 16" className={`host-${state}`} focusable="false" aria-hidden="true">
        <circle cx="8" cy="8" r="4" />
      </svg>
    ),
  };
}

const AWAY: Host = { users: [], sessions: 0, state: "away", seen_at: null };
const NEAREST: readonly Host["state"][] = ["online", "paused", "away"];

/** A collector that reports is online, whether somebody works there or not; without one, a growing transcript says it. */
function stateOf({ state, live }: Client): Host["state"] {
  if (state === "online" || state === "paused") return state;
  return live && state !== "revoked" ? "online" : "away";
}

function nearer(one: Host["state"], other: Host["state"]): Host["state"] {
  return NEAREST.indexOf(one) < NEAREST.indexOf(other) ? one : other;
}

function later(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}
