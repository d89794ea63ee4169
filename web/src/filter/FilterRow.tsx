import { type Ref, useMemo } from "react";
import { useZoneName } from "../timeZone";
import type { FilterNode } from "./filter";
import { HostSelect } from "./HostSelect";
import { hostsOf, withHosts } from "./hosts";
import { RangePicker } from "./RangePicker";
import { rangeOf, withRange } from "./range";
import { SavedFilters } from "./SavedFilters";
import { type Focusable, SessionFilter } from "./SessionFilter";
import type { View } from "./saved";
import "./FilterRow.css";

interface Props {
  view: View;
  onFilter: (filter: FilterNode | undefined) => void;
  onView: (view: View) => void;
  /** Sessions that match, once known. */
  total: number | undefined;
  loading: boolean;
  /** The input of the filter, for a page with a key that leads there. */
  input?: Ref<Focusable>;
}

/** All that narrows the list: three ways to write into the one filter, each of which reads back what it can show. */
export function FilterRow({ view, onFilter, onView, total, loading, input }: Props) {
  const { filter } = view;
  const zone = useZoneName();
  const range = useMemo(() => rangeOf(filter, Date.now()), [filter]);
  return (
    <div className="filter-row" role="search" aria-label="Filter">
      <SessionFilter
        {...(input !== undefined && { ref: input })}
        filter={filter}
        onChange={onFilter}
        total={total}
        loading={loading}
        before={
          <div className="filter-hosts">
            <HostSelect
              hosts={hostsOf(filter)}
              onChange={(hosts) => onFilter(withHosts(filter, hosts))}
              zone={zone}
            />
          </div>
        }
      />
      <RangePicker range={range} onChange={(next) => onFilter(withRange(filter, next))} zone={zone} />
      <SavedFilters view={view} onApply={onView} zone={zone} />
    </div>
  );
}
