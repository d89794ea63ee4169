import type { Stats } from "../api/client";
import { formatCount, formatDuration, formatShort, NONE } from "../format";
import "./Figures.css";

interface Props {
  stats: Stats | undefined;
  filtered: boolean;
}

/** The four figures above the list; each says over what it is counted. */
export function Figures({ stats, filtered }: Props) {
  const perSession = stats && stats.sessions > 0 ? Math.round(stats.messages / stats.sessions) : null;
  const cached = stats && stats.tokens.total > 0 ? stats.tokens.cache_read / stats.tokens.total : null;
  return (
    <>
      <h2 className="figures-period">{filtered ? "Matching the filter" : "All time"}</h2>
      <dl className="figures">
        <Figure
          name="Sessions"
          value={formatCount(stats?.sessions)}
          note={stats ? `${formatShort(stats.tool_calls)} tool calls` : ""}
        />
        <Figure
          name="Messages"
          value={formatShort(stats?.messages)}
          exact={formatCount(stats?.messages)}
          note={perSession === null ? "" : `${formatCount(perSession)} per session`}
        />
        <Figure
          name="Tokens"
          value={formatShort(stats?.tokens.total)}
          exact={formatCount(stats?.tokens.total)}
          note={cached === null ? "" : `${PERCENT.format(cached)} read from cache`}
        />
        <Figure
          name="Average duration"
          value={stats && stats.sessions > 0 ? formatDuration(stats.average_duration_ms) : NONE}
          note="per session"
        />
      </dl>
    </>
  );
}

const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });

function Figure({ name, value, exact, note }: { name: string; value: string; exact?: string; note: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={exact === value ? undefined : exact}>
        <strong>{value}</strong>
        <span>{note}</span>
      </dd>
    </div>
  );
}
