import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { answer, api } from "../api/client";
import type { FilterNode } from "../filter/filter";
import { rangeOf, spanOf, withRange } from "../filter/range";
import { addDays, dayOf, instantOf, useZoneName } from "../timeZone";
import { CardFailure } from "./CardFailure";
import { Heatmap, METRICS, type Metric } from "./Heatmap";
import { IMPORT_POLL_MS } from "./Importing";

/** New sessions ask for it at once; this is for the messages and tokens of running ones. */
const ACTIVITY_POLL_MS = 60_000;

interface ActivityProps {
  filter: FilterNode | undefined;
  importing: boolean;
  onFilter: (filter: FilterNode | undefined) => void;
}

/** The calendar of the sessions that match, from which days are chosen. */
export function ActivityCard({ filter, importing, onFilter }: ActivityProps) {
  const zone = useZoneName();
  const [metric, setMetric] = useState<Metric>("sessions");
  // The heatmap shows the days to choose from, so the chosen days do not narrow it.
  const others = useMemo(() => withRange(filter, null), [filter]);
  const { data, error, refetch } = useQuery({
    queryKey: ["activity", others ?? null, zone],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/activity", {
          params: { query: { tz: zone, ...(others && { filter: JSON.stringify(others) }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: importing ? IMPORT_POLL_MS * 3 : ACTIVITY_POLL_MS,
  });
  const selected = daysOf(filter, zone);
  const select = (first: string, last: string) => {
    if (selected?.first === first && selected.last === last) return onFilter(others);
    const from = first === DAY_FIRST ? null : instantOf(first, zone);
    onFilter(withRange(filter, { from, before: instantOf(addDays(last, 1), zone) }));
  };
  return (
    <section className="card card-padded" aria-label="Activity">
      <div className="activity-head">
        <h2>Activity</h2>
        <span className="activity-zone">days in {zone}</span>
        <fieldset className="metric">
          <legend className="visually-hidden">Count</legend>
          {METRICS.map((one) => (
            <label key={one}>
              <input type="radio" name="metric" checked={one === metric} onChange={() => setMetric(one)} />
              {one}
            </label>
          ))}
        </fieldset>
      </div>
      {data === undefined && error ? (
        <CardFailure error={error} retry={() => void refetch()} />
      ) : (
        <Heatmap days={data?.items ?? []} metric={metric} zone={zone} selected={selected} onSelect={select} />
      )}
    </section>
  );
}

/** Days of the zone that the filter's range touches; null where it has none. */
function daysOf(filter: FilterNode | undefined, zone: string): { first: string; last: string } | null {
  const now = Date.now();
  const range = rangeOf(filter, now);
  if (range === null) return null;
  const { from, before } = spanOf(range, now);
  return { first: from === null ? DAY_FIRST : dayOf(from, zone), last: dayOf(before - 1, zone) };
}

/** Before every day that can be shown: the range has no beginning. */
const DAY_FIRST = "0000-01-01";
