import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import type { ActivityDay } from "../api/client";
import { formatCount, formatDay, formatShort } from "../format";
import { addDays, dayOf } from "../timeZone";
import { levelOf, localWeekStart, monthLabels, quartiles, WEEKS, weekdayOf, weeksUntil } from "./calendar";
import "./Heatmap.css";

const CELL = 15;
const SIZE = 12;
const LEFT = 34;
const TOP = 18;
/** Half the width of the widest tip. */
const TIP_HALF_PX = 90;

export const METRICS = ["sessions", "messages", "tokens"] as const;
export type Metric = (typeof METRICS)[number];

interface Props {
  days: ActivityDay[];
  metric: Metric;
  zone: string;
  /** The days that the filter is set to, both included. */
  selected: { first: string; last: string } | null;
  /** A click or Enter gives one day; with Shift, the range from the day before that. */
  onSelect: (first: string, last: string) => void;
}

/** A year of days, as a grid that is walked with the arrow keys. */
export function Heatmap({ days, metric, zone, selected, onSelect }: Props) {
  const today = dayOf(Date.now(), zone);
  const lastActive = days.at(-1)?.day;
  const yearAgo = addDays(today, -7 * WEEKS + 7);
  // An archive of an older year shows that year, not an empty one.
  const [shift, setShift] = useState(0);
  const newest = lastActive !== undefined && lastActive < yearAgo ? lastActive : today;
  const last = addDays(newest, -shift * 7 * 52);
  // A clock that was wrong dates sessions ahead: they are further on, and today is what is seen first.
  const isLatest = last >= (lastActive ?? newest) && shift <= 0;

  const weeks = useMemo(() => weeksUntil(last, localWeekStart(navigator.language)), [last]);
  const byDay = useMemo(() => new Map(days.map((day) => [day.day, day])), [days]);
  const limits = useMemo(
    () => quartiles(weeks.flat().map((day) => (day === null ? 0 : (byDay.get(day)?.[metric] ?? 0)))),
    [weeks, byDay, metric],
  );
  const first = weeks[0]?.[0] ?? last;
  const firstActive = days[0]?.day;

  const grid = useRef<SVGSVGElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [tip, setTip] = useState<{ day: string; x: number; y: number } | null>(null);
  const anchor = useRef<string | null>(null);
  const stop = focused !== null && focused >= first && focused <= last ? focused : last;

  const label = (day: string) => {
    const count = byDay.get(day)?.[metric] ?? 0;
    const noun = count === 1 ? metric.slice(0, -1) : metric;
    const findings = byDay.get(day)?.findings ?? 0;
    const found =
      findings === 0 ? "" : `, ${formatCount(findings)} ${findings === 1 ? "finding" : "findings"},`;
    const shown = metric === "tokens" ? formatShort(count) : formatCount(count);
    return `${shown} ${noun}${found} on ${formatDay(day)}`;
  };
  const choose = (day: string, range: boolean) => {
    const isEnd = anchor.current === selected?.first || anchor.current === selected?.last;
    // Days that were chosen elsewhere since then are where a range begins.
    if (selected !== null && !isEnd) anchor.current = selected.first;
    if (!range) anchor.current = day;
    const from = anchor.current ?? day;
    onSelect(from < day ? from : day, from < day ? day : from);
  };
  const show = (day: string, cell: Element) => {
    const box = cell.getBoundingClientRect();
    const frame = grid.current?.parentElement?.getBoundingClientRect();
    if (frame === undefined) return;
    // Near an edge it stays inside, so that it covers no neighbour and the page does not widen.
    const centre = box.x + box.width / 2 - frame.x;
    const x = Math.min(Math.max(centre, TIP_HALF_PX), Math.max(TIP_HALF_PX, frame.width - TIP_HALF_PX));
    setTip({ day, x, y: box.y - frame.y });
  };
  const cellOf = (day: string) => grid.current?.querySelector<SVGElement>(`[data-day="${day}"]`);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7 }[event.key];
    let target: string | undefined;
    if (step !== undefined) target = addDays(stop, step);
    else if (event.key === "Home") target = first;
    else if (event.key === "End") target = last;
    else if (event.key === "Escape") setTip(null);
    else if (event.key === "Enter" || event.key === " ") choose(stop, event.shiftKey);
    else return;
    event.preventDefault();
    if (target === undefined || target < first || target > last) return;
    setFocused(target);
    cellOf(target)?.focus();
  };
  const onPointerOver = (event: PointerEvent) => {
    const day = (event.target as Element).getAttribute("data-day");
    if (day === null) setTip(null);
    else show(day, event.target as Element);
  };

  return (
    <div className="heatmap">
      <div
        className="heatmap-frame"
        role="grid"
        tabIndex={-1}
        aria-label={`Activity: ${metric} per day, ${formatDay(first)} to ${formatDay(last)}, ${zone}`}
        onKeyDown={onKeyDown}
        onPointerOver={onPointerOver}
        onPointerLeave={() => setTip(null)}
      >
        <svg ref={grid} role="none" viewBox={`0 0 ${LEFT + WEEKS * CELL} ${TOP + 7 * CELL}`}>
          {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a group of an SVG takes no focus */}
          <g aria-hidden="true" className="heatmap-labels">
            {monthLabels(weeks).map(({ column, month }) => (
              <text key={column} x={LEFT + column * CELL} y={11}>
                {MONTHS[month - 1]}
              </text>
            ))}
            {(weeks[0] ?? []).map((day, row) =>
              day !== null && weekdayOf(day) % 2 === 1 && weekdayOf(day) < 7 ? (
                <text key={day} x={0} y={TOP + row * CELL + 10}>
                  {WEEKDAY.format(noon(day))}
                </text>
              ) : null,
            )}
          </g>
          {Array.from({ length: 7 }, (_, row) => (
            // A weekday is a row; its number is its identity.
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            <g role="row" key={row}>
              {weeks.map((week, column) => {
                const day = week[row];
                if (!day) return null;
                const [x, y] = [LEFT + column * CELL, TOP + row * CELL];
                const isSelected = selected !== null && day >= selected.first && day <= selected.last;
                const cell = (
                  <rect
                    role="gridcell"
                    key={day}
                    data-day={day}
                    data-level={levelOf(byDay.get(day)?.[metric] ?? 0, limits)}
                    x={x}
                    y={y}
                    width={SIZE}
                    height={SIZE}
                    rx={2.5}
                    tabIndex={day === stop ? 0 : -1}
                    aria-label={label(day)}
                    aria-selected={isSelected}
                    onFocus={(event) => {
                      setFocused(day);
                      show(day, event.currentTarget);
                    }}
                    onBlur={() => setTip(null)}
                    onClick={(event) => choose(day, event.shiftKey)}
                  />
                );
                if (!byDay.get(day)?.findings) return cell;
                return [
                  cell,
                  <circle
                    key={`${day} findings`}
                    className="heatmap-found"
                    cx={x + SIZE - 1}
                    cy={y + 1}
                    r={2.5}
                  />,
                ];
              })}
            </g>
          ))}
        </svg>
        {tip !== null && (
          <div
            className="heatmap-tip"
            aria-hidden="true"
            style={{ insetInlineStart: tip.x, insetBlockStart: tip.y }}
          >
            {label(tip.day)}
          </div>
        )}
      </div>
      <div className="heatmap-foot">
        <span className="heatmap-period">
          <button
            type="button"
            aria-label="A year earlier"
            disabled={firstActive === undefined || firstActive >= first}
            onClick={() => setShift(shift + 1)}
          >
            ‹
          </button>
          {formatDay(first)} – {formatDay(last)}
          <button
            type="button"
            aria-label="A year later"
            disabled={isLatest}
            onClick={() => setShift(shift - 1)}
          >
            ›
          </button>
        </span>
        <span className="heatmap-legend" aria-hidden="true">
          {days.some(({ findings }) => findings > 0) && (
            <span className="heatmap-legend-found">Findings</span>
          )}
          Less
          {[0, 1, 2, 3, 4].map((level) => (
            <i key={level} data-level={level} />
          ))}
          More
        </span>
      </div>
    </div>
  );
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAY = new Intl.DateTimeFormat("en", { weekday: "short", timeZone: "UTC" });
function noon(day: string): Date {
  return new Date(`${day}T12:00Z`);
}
