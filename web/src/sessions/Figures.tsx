import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, api, type Stats } from "../api/client";
import type { FilterNode } from "../filter/filter";
import { rangeBeforeText, rangeOf, rangeText, withRange, withRangeBefore } from "../filter/range";
import { formatCount, formatDuration, formatShort, NONE } from "../format";
import { useZoneName } from "../timeZone";
import { CardFailure } from "./CardFailure";
import { changeText } from "./change";
import { IMPORT_POLL_MS } from "./Importing";
import "./Figures.css";

const FIGURES_POLL_MS = 15_000;

interface Props {
  filter: FilterNode | undefined;
  importing: boolean;
}

/** The four figures of what matches, over a named period, each beside that of the period before. */
export function FiguresCard({ filter, importing }: Props) {
  const zone = useZoneName();
  const { period, before } = useMemo(() => periodsOf(filter, zone), [filter, zone]);
  const { stats, outdated, error, retry } = useStats(filter, importing, true);
  const then = useStats(before?.filter, importing, before !== null);
  // Figures of the question before stay on the screen until the new ones are there, but are compared with nothing.
  const statsBefore = outdated || then.outdated ? undefined : then.stats;
  const others = withRange(filter, null) !== undefined;
  return (
    <section className="card card-padded" aria-label="Figures" aria-busy={outdated}>
      <div className="figures-head">
        <h2 title={period}>{period}</h2>
        {others && <span>Matching the filter</span>}
      </div>
      {stats === undefined && error ? (
        <CardFailure error={error} retry={retry} />
      ) : (
        <Figures stats={stats} before={before && { text: before.text, stats: statsBefore }} />
      )}
      {stats !== undefined && stats.orphans > 0 && (
        // They are rows of the list all the same: who counts these is told why there are more.
        <p className="figures-foot">
          {stats.orphans === 1
            ? "1 subagent without its session is listed too."
            : `${formatCount(stats.orphans)} subagents without their session are listed too.`}
        </p>
      )}
    </section>
  );
}

/** What the figures are over, and the question about the time before; null where there is no such time. */
function periodsOf(filter: FilterNode | undefined, zone: string) {
  const now = Date.now();
  const range = rangeOf(filter, now);
  if (range === null) return { period: "All time", before: null };
  const asked = withRangeBefore(filter, range, zone, now);
  return {
    period: rangeText(range, zone),
    before: asked && { filter: asked, text: rangeBeforeText(range, zone, now) },
  };
}

function useStats(filter: FilterNode | undefined, importing: boolean, enabled: boolean) {
  const { data, isPlaceholderData, error, refetch } = useQuery({
    queryKey: ["stats", filter ?? null],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/stats", {
          params: { query: filter ? { filter: JSON.stringify(filter) } : {} },
          signal,
        }),
      ),
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: importing ? IMPORT_POLL_MS * 2 : FIGURES_POLL_MS,
  });
  return { stats: data, outdated: isPlaceholderData, error, retry: () => void refetch() };
}

interface FiguresProps {
  stats: Stats | undefined;
  /** The time before: how it is called, and its figures once they are there. */
  before: { text: string; stats: Stats | undefined } | null;
}

function Figures({ stats, before }: FiguresProps) {
  const perSession = stats && stats.sessions > 0 ? Math.round(stats.messages / stats.sessions) : null;
  const cached = stats && stats.tokens.total > 0 ? stats.tokens.cache_read / stats.tokens.total : null;
  const note = (of: (stats: Stats) => number | null, shown: (figure: number) => string, alone: string) => {
    if (stats === undefined) return { note: "" };
    if (before === null) return { note: alone };
    if (before.stats === undefined) return { note: `vs ${before.text}` };
    const then = of(before.stats);
    return {
      note: changeText(of(stats), then, before.text),
      noteTitle: [then === null ? null : `${shown(then)} in the ${before.text}`, alone]
        .filter(Boolean)
        .join("\n"),
    };
  };
  return (
    <dl className="figures">
      <Figure
        name="Sessions"
        value={formatCount(stats?.sessions)}
        {...note(
          (of) => of.sessions,
          formatCount,
          stats ? `${formatShort(stats.tool_calls)} tool calls` : "",
        )}
      />
      <Figure
        name="Messages"
        value={formatShort(stats?.messages)}
        exact={formatCount(stats?.messages)}
        {...note(
          (of) => of.messages,
          formatCount,
          perSession === null ? "" : `${formatCount(perSession)} per session`,
        )}
      />
      <Figure
        name="Tokens"
        value={formatShort(stats?.tokens.total)}
        exact={formatCount(stats?.tokens.total)}
        {...note(
          (of) => of.tokens.total,
          formatCount,
          cached === null ? "" : `${PERCENT.format(cached)} read from cache`,
        )}
      />
      <Figure
        name="Average duration"
        value={stats && stats.sessions > 0 ? formatDuration(stats.average_duration_ms) : NONE}
        {...note(averageOf, formatDuration, "per session")}
      />
    </dl>
  );
}

/** An average over nothing is none. */
function averageOf(stats: Stats): number | null {
  return stats.sessions > 0 ? stats.average_duration_ms : null;
}

const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });

interface FigureProps {
  name: string;
  value: string;
  exact?: string;
  note: string;
  noteTitle?: string;
}

function Figure({ name, value, exact, note, noteTitle }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong title={exact === value ? undefined : exact}>{value}</strong>
        <span title={noteTitle}>{note}</span>
      </dd>
    </div>
  );
}
