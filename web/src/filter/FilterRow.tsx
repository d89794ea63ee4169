import { useMemo } from "react";
import { useZoneName } from "../timeZone";
import type { FilterNode } from "./filter";
import { HostSelect } from "./HostSelect";
import { hostsOf, withHosts } from "./hosts";
import { RangePicker } from "./RangePicker";
import { rangeOf, withRange } from "./range";
import { SessionFilter } from "./SessionFilter";
import "./FilterRow.css";

interface Props {
  filter: FilterNode | undefined;
  onFilter: (filter: FilterNode | undefined) => void;
  /** Sessions that match, once known. */
  total: number | undefined;
  loading: boolean;
}

/** All that narrows the list: three ways to write into the one filter, each of which reads back what it can show. */
export function FilterRow({ filter, onFilter, total, loading }: Props) {
  const zone = useZoneName();
  const range = useMemo(() => rangeOf(filter, Date.now()), [filter]);
  return (
    <div className="filter-row" role="search" aria-label="Filter">
      <SessionFilter
        filter={filter}
        onChange={onFilter}
        total={total}
        loading={loading}
        before={
          <HostSelect
            hosts={hostsOf(filter)}
            onChange={(hosts) => onFilter(withHosts(filter, hosts))}
            zone={zone}
          />
        }
      />
      <RangePicker range={range} onChange={(next) => onFilter(withRange(filter, next))} zone={zone} />
    </div>
  );
}
