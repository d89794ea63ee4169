import { getRouteApi, useNavigate } from "@tanstack/react-router";
import {
  lazy,
  type RefObject,
  Suspense,
  useCallback,
  useDeferredValue,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { StateSnapshot } from "react-virtuoso";
import { copyText } from "../copy";
import { useAnnounce } from "../shell/page";
import { timeZone, useZoneName, zoneName } from "../timeZone";
import { keptOnTheWay, permanentLink } from "./address";
import { AuditPanel } from "./audit/AuditPanel";
import { useJump } from "./audit/useJump";
import { FoldButtons } from "./FoldButtons";
import type { DiffLayout } from "./inspector/DiffTab";
import type { Tab } from "./inspector/Inspector";
import { useContentCopy } from "./inspector/useContentCopy";
import { KeyList } from "./KeyList";
import { type Action, useKeys } from "./keys";
import { Panels, useChoice, usePanelsShown } from "./Panels";
import { SessionHeader } from "./SessionHeader";
import { SessionRail } from "./SessionRail";
import { useSubagents } from "./sessions";
import type { Session } from "./shapes";
import { ReplayBar } from "./timeline/ReplayBar";
import { ReplayedTrace, type ShownTrace } from "./timeline/ReplayedTrace";
import { useReplay } from "./timeline/useReplay";
import { type Family, indexOfAgent, sessionOf, withSubagents } from "./trace/nesting";
import { indexOfSeq, seqOf } from "./trace/place";
import { addressedQuery, countsOf, parseQuery, type Query, toggled, visibleTrace } from "./trace/query";
import { addressOf, entriesOf, type Row, Rows } from "./trace/rows";
import { agentWords, spokenAgent } from "./trace/SubagentRow";
import { stepsOf } from "./trace/steps";
import { TraceBody } from "./trace/TraceBody";
import { TraceList, type TraceListHandle } from "./trace/TraceList";
import { spokenRow, type TraceScene } from "./trace/TraceRow";
import { TraceStatus } from "./trace/TraceStatus";
import { TraceToolbar } from "./trace/TraceToolbar";
import { useDeepLink } from "./trace/useDeepLink";
import { useInPlace } from "./trace/useInPlace";
import { useMatches } from "./trace/useMatches";
import { useSubagentTraces } from "./trace/useSubagentTraces";
import type { TraceState } from "./trace/useTrace";
import { WaitingLine } from "./trace/WaitingLine";

const route = getRouteApi("/replay/$sessionId");

/** All that renders one entry whole: more code than the trace, which does not wait for it. */
const Inspector = lazy(async () => ({ default: (await import("./inspector/Inspector")).Inspector }));

interface Props {
  sessionId: string;
  session: Session | null;
  ancestors: readonly Session[];
  railPlace: RefObject<StateSnapshot | null>;
  trace: TraceState;
  onRetry: () => void;
}

const NO_SUBAGENTS: ReadonlyMap<string, Session> = new Map();
const NO_ROWS = new Rows();

/** The three panels and what connects them: the address says what is shown, keys and clicks change the address. */
export function SessionView({ sessionId, session, ancestors, railPlace, trace, onRetry }: Props) {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/replay/$sessionId" });
  const announce = useAnnounce();
  const zone = useZoneName();
  const view = search.view ?? "dev";
  const tab: Tab = search.tab ?? "content";
  const query = useMemo(() => parseQuery(search.q ?? ""), [search.q]);
  const shownQuery = useDeferredValue(query);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const panels = usePanelsShown(search.entry !== undefined);
  const { showList, showInspector } = panels;
  const [wide, setWide] = useState(false);
  const [split, setSplit] = useChoice("diff-split", false);
  const [keysShown, setKeysShown] = useState(false);
  const list = useRef<TraceListHandle>(null);
  const searchInput = useRef<HTMLInputElement>(null);
  const subagents = useSubagents(session).data ?? NO_SUBAGENTS;

  const { rows, version } = trace;
  const drawn = useDrawn(rows.entryCount > 0 || trace.caughtUp);
  const found = useMatches(sessionId, shownQuery.text, trace);
  const { excerpts } = found;
  const live = session?.live ?? false;
  /** The subagent, opened in place, that the address's entry belongs to. */
  const addressedAgent = search.agent === sessionId ? undefined : search.agent;
  const nested = useSubagentTraces(sessionId, addressedAgent, search.entry !== undefined, subagents, live);
  const { traces, store } = nested;
  const family: Family = useMemo(
    () => ({ subagents, traces, keysOf: store.keysOf }),
    [subagents, traces, store],
  );
  const addressedRows = addressedAgent === undefined ? rows : (traces.get(addressedAgent)?.rows ?? NO_ROWS);
  const addressedSeq = seqOf(search.entry, addressedRows);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows grow in place, `version` tells that they did
  const own = useMemo(
    () => visibleTrace(rows.list, view, shownQuery, open, excerpts),
    [rows, version, view, shownQuery, open, excerpts],
  );
  const visible = useMemo(
    () => withSubagents(own, family, { view, query: shownQuery, open }),
    [own, family, view, shownQuery, open],
  );
  /** Rows on the session's own level: what is opened in place is counted where it is opened. */
  const ownCount = useMemo(() => visible.rows.filter((row) => !row.nest).length, [visible]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const counts = useMemo(() => countsOf(rows.list, view), [rows, version, view]);

  const change = useCallback(
    (part: Partial<typeof search>) => {
      // An entry named without a subagent is one of the session's own.
      const place = "entry" in part ? { agent: undefined } : {};
      void navigate({ search: (before) => ({ ...before, ...place, ...part }), replace: true });
    },
    [navigate],
  );
  const say = (row: Row) =>
    announce(
      row.kind === "agent"
        ? spokenAgent(row, sessionOf(row.agent, family), traces.has(row.agent))
        : spokenRow(row, live, zone),
    );
  const { replay, ...replaying } = useReplay(
    visible.rows,
    `${addressedAgent ?? ""} ${addressedSeq ?? ""}`,
    (row) => {
      change(addressOf(row));
      say(row);
    },
  );
  const followed = replaying.followed && addressOf(replaying.followed);
  /** The subagent that the selected entry belongs to, or that is itself selected, by its row. */
  const agent = followed ? followed.agent : addressedAgent;
  const around = agent === undefined ? undefined : traces.get(agent);
  const selectedRows = agent === undefined ? rows : (around?.rows ?? NO_ROWS);
  const selectedSeq = followed ? (followed.entry ?? null) : addressedSeq;
  const isAgentSelected = agent !== undefined && (followed ?? search).entry === undefined;
  const selectedIndex = isAgentSelected
    ? indexOfAgent(visible.rows, agent)
    : selectedSeq === null
      ? -1
      : indexOfSeq(visible.rows, selectedRows, selectedSeq);
  const selectedRow =
    visible.rows[selectedIndex] ??
    (selectedSeq === null ? null : (selectedRows.list[selectedRows.indexOf(selectedSeq)] ?? null));
  const select = useCallback(
    (row: Row) => {
      replay.hold();
      change(addressOf(row));
      showInspector(true);
    },
    [replay, change, showInspector],
  );
  const toggle = useCallback((row: Row) => setOpen((before) => toggled(before, row.key)), []);
  const inPlace = useInPlace({ store, agent, visible: visible.rows, list, change });

  const move = (index: number) => {
    const row = visible.rows[index];
    if (!row) return;
    // In a replay, to go somewhere is to go to the time at which that was.
    if (replaying.active) return replay.goTo(index);
    leaveRow();
    change(addressOf(row));
    list.current?.reveal(index, false);
    say(row);
  };
  const { step, stepMatch } = stepsOf({
    visible,
    from: () => replaying.from(selectedIndex),
    first: () => list.current?.first() ?? 0,
    move,
  });

  useDeepLink(
    addressedSeq,
    addressedAgent,
    search.entry !== undefined || addressedAgent !== undefined,
    addressedRows,
    visible.rows,
    selectedIndex,
    list,
    setOpen,
  );

  const ofSubagent = session?.parent_id != null;
  const jump = useJump({
    rows,
    visible: visible.rows,
    selectedSeq,
    selectedIndex,
    list,
    select: (entry, clear) => {
      // Held first, or the end of the replay would choose the row of its playhead.
      replay.hold();
      replay.showAll();
      change(clear ? { entry, q: undefined } : { entry });
    },
  });

  const copyContent = useContentCopy(agent ?? sessionId, around?.rewrites ?? trace.rewrites);
  const replayActions = replaying.actions(selectedIndex, (row) => isPrompt(row, ofSubagent), announce);
  const actions: Record<Action, () => void> = {
    ...replayActions,
    next: () => step(1),
    previous: () => step(-1),
    "next-prompt": () => step(1, (row) => isPrompt(row, ofSubagent)),
    "previous-prompt": () => step(-1, (row) => isPrompt(row, ofSubagent)),
    "next-error": () => step(1, isTrouble),
    "previous-error": () => step(-1, isTrouble),
    "next-match": () => stepMatch(1),
    "previous-match": () => stepMatch(-1),
    first: () => move(0),
    last: () => {
      move(visible.rows.length - 1);
      if (!replaying.active) list.current?.follow();
    },
    open: () => {
      const spawned = selectedRow ? (visible.spawned.get(selectedRow.key) ?? []) : [];
      if (selectedRow?.kind === "fold") toggle(selectedRow);
      else if (selectedRow?.kind === "agent") {
        announce(traces.has(selectedRow.agent) ? "Subagent hidden" : "Subagent shown below");
        inPlace.toggleSubagent(selectedRow);
      } else if (spawned.length > 0) {
        const isShown = spawned.some((one) => !traces.has(one.agent));
        announce(`${agentWords(spawned.length)} ${isShown ? "shown below" : "hidden"}`);
        inPlace.showAll(spawned, isShown);
      } else if (selectedRow) showInspector(true);
    },
    content: () => change({ tab: "content" }),
    diff: () => change({ tab: "diff" }),
    meta: () => change({ tab: "meta" }),
    wide: () => setWide(!wide),
    view: () => change({ view: view === "dev" ? "audit" : "dev" }),
    find: () => {
      searchInput.current?.focus();
      searchInput.current?.select();
    },
    "copy-link": () =>
      void copyText(permanentLink(sessionId, selectedSeq, agent)).then((done) =>
        announce(done ? "Link copied" : "Copying is not allowed here"),
      ),
    "copy-text": () => {
      if (selectedRow?.kind === "agent") announce("A subagent's row has no content of its own");
      else if (selectedRow)
        void copyContent(selectedRow).then((done) =>
          announce(done ? "Content copied" : "Copying is not allowed here"),
        );
    },
    "fold-list": () => showList(!panels.list),
    "fold-inspector": () => showInspector(!panels.inspector),
    "time-zone": () => {
      const next = timeZone.get() === "utc" ? "local" : "utc";
      timeZone.set(next);
      announce(`Times in ${zoneName(next)}`);
    },
    up: () => {
      if (session === null) return; // whether it has a parent is not known yet
      if (session.parent_id !== null) {
        void navigate({
          to: "/replay/$sessionId",
          params: { sessionId: session.parent_id },
          search: keptOnTheWay(search, session.spawned_by_seq),
        });
      } else void navigate({ to: "/", search: browserSearch(search) });
    },
    keys: () => setKeysShown(true),
    close: () => {
      if (keysShown) setKeysShown(false);
      else if (panels.listOver && panels.list) showList(false);
      else if (wide) setWide(false);
      else if (panels.inDrawer && panels.inspector) showInspector(false);
      else if (replaying.active) replay.showAll();
      else if (search.entry !== undefined || search.agent !== undefined) change({ entry: undefined });
    },
  };
  useKeys((action) => actions[action]());

  const scene: TraceScene = useMemo(
    () => ({
      sessionId,
      live,
      zone,
      project: session?.project ?? null,
      find: shownQuery.text.toLowerCase(),
      excerpts,
      selectedKey: visible.rows[selectedIndex]?.key ?? null,
      open,
      subagents,
      dimPrompts: view === "audit",
      ownSidechain: ofSubagent,
      traces,
      shown: visible.shown,
      spawned: visible.spawned,
      rewrites: trace.rewrites,
      select,
      toggle,
      ...inPlace,
    }),
    [
      sessionId,
      live,
      zone,
      session?.project,
      ofSubagent,
      shownQuery.text,
      excerpts,
      visible,
      selectedIndex,
      open,
      subagents,
      view,
      traces,
      trace.rewrites,
      inPlace,
      select,
      toggle,
    ],
  );

  return (
    <div className="sr-session">
      <Panels
        wide={wide}
        shown={panels}
        list={
          panels.list ? (
            <SessionRail
              current={ancestors[0] ?? (session?.parent_id === null ? session : null)}
              place={railPlace}
              view={{ filter: search.filter, sort: search.sort }}
              onView={({ filter, sort }) => change({ filter, sort })}
              onFold={() => showList(false)}
              drawn={drawn}
            />
          ) : null
        }
        inspector={
          panels.inspector ? (
            <Suspense>
              {drawn && (
                <Inspector
                  key={agent ?? sessionId}
                  sessionId={agent ?? sessionId}
                  session={(agent === undefined ? null : sessionOf(agent, family)) ?? session}
                  row={selectedRow?.kind === "agent" ? null : selectedRow}
                  seq={selectedSeq}
                  missing={
                    selectedRow ||
                    !(agent === undefined ? trace.caughtUp : nested.isForeign || around?.state === "whole")
                      ? null
                      : search.entry !== undefined
                        ? `entry ${search.entry}`
                        : nested.isForeign
                          ? "such subagent"
                          : null
                  }
                  entries={selectedRows.entries}
                  onEntry={(entry) => change({ entry, agent })}
                  live={around?.session?.live ?? live}
                  rewrites={around?.rewrites ?? trace.rewrites}
                  tab={tab}
                  onTab={(next) => change({ tab: next })}
                  layout={split ? "split" : "unified"}
                  onLayout={(layout: DiffLayout) => setSplit(layout === "split")}
                  wide={wide}
                  onWide={() => setWide(!wide)}
                  onStep={step}
                  onClose={() => {
                    showInspector(false);
                    setWide(false);
                  }}
                />
              )}
            </Suspense>
          ) : null
        }
      >
        {session ? (
          <SessionHeader
            session={session}
            ancestors={ancestors}
            actions={
              <FoldButtons
                listShown={panels.list}
                inspectorShown={panels.inspector}
                onList={() => showList(!panels.list)}
                onInspector={() => showInspector(!panels.inspector)}
                onKeys={() => setKeysShown(true)}
              />
            }
          />
        ) : (
          <div className="sr-header sr-skeleton" aria-hidden="true">
            <span />
          </div>
        )}
        <TraceToolbar
          inputRef={searchInput}
          view={view}
          onView={(next) => change({ view: next })}
          query={query}
          onQuery={(next: Query) => change({ q: addressedQuery(next) })}
          counts={counts}
          match={visible.matches.indexOf(selectedIndex) + 1}
          matches={visible.matches.length}
          search={found}
          onMatch={stepMatch}
        />
        {view === "audit" && (
          <AuditPanel
            trace={trace}
            session={session}
            subagents={subagents}
            zone={zone}
            query={query}
            onQuery={(next) => change({ q: addressedQuery(next) })}
            selectedKey={selectedRow?.key ?? null}
            onJump={jump}
            isSingle={panels.isSingle}
          />
        )}
        <TraceBody
          trace={trace}
          visible={visible.rows}
          view={view}
          session={session}
          onClear={() => change({ q: undefined })}
          onRetry={onRetry}
        >
          <ReplayedTrace
            replay={replay}
            rows={visible.rows}
            scene={scene}
            list={list}
            zone={zone}
            onSelect={select}
          >
            {(shown: ShownTrace) => (
              <TraceList
                key={`${trace.rewrites}`}
                ref={list}
                rows={shown.rows}
                scene={shown.scene}
                last={rows.last}
                version={version}
                following={trace.caughtUp && !shown.replaying}
                busy={!trace.caughtUp}
                windowed={trace.windowed}
                initialIndex={selectedIndex}
              />
            )}
          </ReplayedTrace>
        </TraceBody>
        {!replaying.active && <WaitingLine trace={trace} session={session} />}
        <ReplayBar replay={replay} actions={replayActions} selected={selectedIndex} live={live} zone={zone} />
        <TraceStatus trace={trace} session={session} shown={ownCount} onRetry={onRetry} />
      </Panels>
      {keysShown && <KeyList onClose={() => setKeysShown(false)} />}
    </div>
  );
}

/** Whether what was `ready` has been drawn: what is less urgent, and long to load, begins then. */
function useDrawn(ready: boolean): boolean {
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    if (!ready) return;
    let later = 0;
    const frame = requestAnimationFrame(() => {
      later = window.setTimeout(() => setDrawn(true), 0);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(later);
    };
  }, [ready]);
  return drawn;
}

/** A control of the row that one comes from must not hear the `Enter` that is for the next. */
function leaveRow(): void {
  const { activeElement } = document;
  if (activeElement?.closest("article"))
    activeElement.closest<HTMLElement>("[role=feed]")?.focus({ preventScroll: true });
}

/** A subagent's prompt was written by the model; on the subagent's own page it is what begins the trace. */
function isPrompt(row: Row, ofSubagent: boolean): boolean {
  if (row.kind !== "entry" || row.entry.type !== "user" || row.nest) return false;
  return ofSubagent || !row.entry.sidechain;
}

function isTrouble(row: Row): boolean {
  return entriesOf(row).some((entry) => entry.is_error || entry.is_denied);
}

/** What the session browser's address had, to go back to it. */
function browserSearch(search: object): object {
  return Object.fromEntries(Object.entries(search).filter(([name]) => name === "filter" || name === "sort"));
}
