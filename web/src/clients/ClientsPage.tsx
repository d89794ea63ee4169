import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useReducer, useRef, useState } from "react";
import type { Client } from "../api/client";
import { formatCount } from "../format";
import { Failure } from "../shell/FailurePage";
import { useAnnounce, usePage } from "../shell/page";
import { AddClient } from "./AddClient";
import { ClientTable, TableSkeleton } from "./ClientTable";
import { CHOICES, type Choice, inOrder, isOf, matching, STATES } from "./clients";
import { clientsQuery } from "./list";
import { Segments } from "./Segments";
import "./ClientsPage.css";

const route = getRouteApi("/clients");

const POLL_MS = 5_000;

/** The machines that sessions come from: how their collectors are, and what is alarming. */
export function ClientsPage() {
  usePage({
    title: "Clients",
    crumbs: [
      { text: "Fleet", href: "/clients" },
      { text: "Clients", href: "/clients" },
    ],
  });
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, isPending, isFetching, refetch, dataUpdatedAt } = useQuery({
    ...clientsQuery,
    refetchInterval: POLL_MS,
  });
  const clients = data?.items ?? [];
  useAnnouncedAlarms(data?.items);

  // What is typed is on the screen at once, and then in the address.
  const [text, setText] = useState(search.q ?? "");
  const choice = search.state;
  const change = (q: string, state: Choice | undefined) => {
    setText(q);
    settle();
    void navigate({ search: { ...(q && { q }), ...(state && { state }) }, replace: true });
  };

  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(search.client ? [search.client] : []));
  const toggle = useCallback(
    ({ id }: Client, wasOpen: boolean) => {
      setOpen((before) => {
        const next = new Set(before);
        if (wasOpen) next.delete(id);
        else next.add(id);
        return next;
      });
      // The address names what was opened last, so that it can be handed to somebody.
      void navigate({
        search: ({ client: _, ...rest }) => (wasOpen ? rest : { ...rest, client: id }),
        replace: true,
      });
    },
    [navigate],
  );

  const [near, setNear] = useState(false);
  const { inPlace, settle } = usePlaces(clients, near || open.size > 0);
  const shown = matching(inPlace, choice, text);

  const [adding, setAdding] = useState(false);
  const add = () => setAdding(true);

  let body: ReactNode;
  if (isPending) body = <TableSkeleton />;
  else if (data === undefined)
    body = (
      <div className="clients-message">
        <Failure error={error} retry={() => void refetch()} />
      </div>
    );
  else if (shown.length === 0)
    body = (
      <div className="clients-message clients-none">
        <h2>No client matches</h2>
        <button type="button" className="outlined-button" onClick={() => change("", undefined)}>
          Clear filters
        </button>
      </div>
    );
  else body = <ClientTable clients={shown} open={open} onToggle={toggle} now_ms={dataUpdatedAt} />;

  const fresh = data !== undefined && clients.length === 0;
  // The server's own machine is there from the start, without a collector that was enrolled. With more than it in
  // the list, imported ones say, what tells how to connect another would stand far below.
  const alone = clients.length === 1 && clients[0]?.enrolled_at === null;
  return (
    <div className="clients">
      <header className="clients-header">
        <h1>
          Clients{" "}
          {clients.length > 0 && <span className="clients-count">({formatCount(clients.length)})</span>}
        </h1>
        <button
          type="button"
          className="clients-refresh"
          aria-label="Refresh"
          title="Refresh"
          onClick={() => {
            void refetch().then(settle);
          }}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M13.5 3v3.5H10M13.3 6.5A5.5 5.5 0 1 0 13.5 9" />
          </svg>
        </button>
        {!fresh && !alone && (
          <button type="button" className="primary-button" onClick={add}>
            Add client
          </button>
        )}
      </header>
      {fresh ? (
        <NoClients header="No clients yet" onAdd={add} />
      ) : (
        <>
          <div className="clients-bar">
            <input
              type="search"
              className="text-field clients-search"
              aria-label="Find clients"
              placeholder="Name, host, user or version"
              value={text}
              onChange={({ target }) => change(target.value, choice)}
            />
            <Segments
              name="State"
              value={choice ?? "all"}
              onChange={(value) => change(text, value === "all" ? undefined : value)}
              choices={choicesOf(clients, choice)}
            />
            <Freshness error={data === undefined ? null : error} retry={() => void refetch()} />
          </div>
          <section
            className="clients-card"
            aria-label="Clients"
            aria-busy={isFetching && isPending}
            onPointerEnter={() => setNear(true)}
            onPointerLeave={() => setNear(false)}
            onFocus={() => setNear(true)}
            onBlur={({ currentTarget, relatedTarget }) => setNear(currentTarget.contains(relatedTarget))}
          >
            {body}
          </section>
          {alone && <NoClients header="Connect another machine" onAdd={add} />}
        </>
      )}
      {adding && <AddClient clients={clients} onClose={() => setAdding(false)} />}
    </div>
  );
}

/**
 * Clients in the order of the server, but each in its place while somebody is at the rows: what moves under a pointer
 * is not what was meant to be clicked.
 */
function usePlaces(clients: Client[], held: boolean) {
  const order = useRef<string[]>([]);
  const inPlace = held ? inOrder(clients, order.current) : clients;
  useEffect(() => {
    order.current = inPlace.map(({ id }) => id);
  });
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  /** All of them back into the server's order. */
  const settle = () => {
    order.current = [];
    redraw();
  };
  return { inPlace, settle };
}

/** `All` and what there is of each state. */
function choicesOf(clients: Client[], chosen: Choice | undefined) {
  const found = CHOICES.map((value) => ({ value, count: clients.filter((one) => isOf(one, value)).length }));
  return [
    { value: "all" as const, label: "All" },
    ...found
      .filter(({ value, count }) => count > 0 || value === chosen)
      .map(({ value, count }) => ({
        value,
        label: (
          <>
            {value === "alarms" ? "With alarms" : STATES[value].label} <small>{formatCount(count)}</small>
          </>
        ),
      })),
  ];
}

/** Whether the rows are as they are now. */
function Freshness({ error, retry }: { error: Error | null; retry: () => void }) {
  if (error === null) return <span className="clients-fresh">Updates by itself</span>;
  return (
    <span className="clients-fresh clients-stale" role="alert">
      Not up to date: {error.message}{" "}
      <button type="button" className="text-button" onClick={retry}>
        Retry
      </button>
    </span>
  );
}

/** Says to people who cannot see it that something became alarming. */
function useAnnouncedAlarms(clients: Client[] | undefined) {
  const announce = useAnnounce();
  const count = clients?.reduce((sum, { alarms }) => sum + alarms.length, 0);
  const before = useRef(count);
  useEffect(() => {
    if (count !== undefined && before.current !== undefined && count > before.current)
      announce(count === 1 ? "1 alarm" : `${formatCount(count)} alarms`);
    before.current = count;
  }, [count, announce]);
}

function NoClients({ header, onAdd }: { header: string; onAdd: () => void }) {
  return (
    <section className="clients-card clients-empty">
      <svg viewBox="0 0 64 48" aria-hidden="true">
        <path d="M4 8h26v18H4zM10 32h14M17 26v6M40 22h20v18H40zM45 46h10M50 40v6M30 16c9 0 11 6 14 6" />
      </svg>
      <h2>{header}</h2>
      <p>
        A client is one user on one machine that runs a collector: a small program that ships the transcripts
        of Claude Code to this server, encrypted on the way, and follows them as they grow. Add a client here,
        run one command on its machine, and its sessions appear.
      </p>
      <button type="button" className="primary-button" onClick={onAdd}>
        Add client
      </button>
    </section>
  );
}
