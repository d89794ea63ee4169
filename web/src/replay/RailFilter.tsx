import { lazy, Suspense, useEffect, useId, useRef, useState } from "react";
import type { FilterNode } from "../filter/filter";
import type { View } from "../filter/saved";
import { filterText } from "../filter/words";
import { useZoneName } from "../timeZone";
import { Glyph } from "./trace/EntryMark";

/** The component library comes with it, which nothing else of this page needs. */
const FilterRow = lazy(async () => ({ default: (await import("../filter/FilterRow")).FilterRow }));

interface Props {
  view: View;
  onView: (view: View) => void;
  /** Sessions that match, once known. */
  total: number | undefined;
  loading: boolean;
}

/** What narrows the list, in words; the browser's own filter unfolds beside it. */
export function RailFilter({ view, onView, total, loading }: Props) {
  const { filter } = view;
  const zone = useZoneName();
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  useClicksElsewhere(open, () => setOpen(false));
  const setFilter = (next: FilterNode | undefined) => onView({ ...view, filter: next });
  const words = filter === undefined ? null : filterText(filter, zone);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears what its button and panel do not answer
    <div
      className="sr-rail-filter"
      onKeyDown={(event) => {
        if (!open || event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        close();
      }}
    >
      <button
        ref={opener}
        type="button"
        className={words === null ? "sr-rail-words" : "sr-rail-words sr-rail-narrowed"}
        aria-label={words === null ? "Filter the sessions" : `Change the filter: ${words}`}
        title={words ?? "Filter the sessions"}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Glyph name="funnel" />
        <span>{words ?? "All sessions"}</span>
      </button>
      {filter !== undefined && (
        <button
          type="button"
          className="sr-icon-button"
          aria-label="Show all sessions"
          title="Show all sessions"
          onClick={() => {
            setFilter(undefined);
            opener.current?.focus();
          }}
        >
          <Glyph name="cross" />
        </button>
      )}
      {open && (
        <section id={id} className="sr-rail-panel" aria-label="Filter of the session list">
          <Suspense fallback={<p className="sr-note">Loading the filter…</p>}>
            <FilterRow view={view} onFilter={setFilter} onView={onView} total={total} loading={loading} />
          </Suspense>
          <button type="button" className="sr-button" onClick={close}>
            Done
          </button>
        </section>
      )}
    </div>
  );
}

/**
 * A click into the page's other panels, or another session chosen, puts the filter away. Its own suggestions and
 * calendars lie outside of it in the document, so a click beside it says nothing by itself.
 */
function useClicksElsewhere(open: boolean, close: () => void) {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (!open) return;
    const listen = ({ target }: Event) => {
      const isElsewhere = target instanceof Element && target.closest(".sr-panel-trace, .sr-panel-inspector");
      if (isElsewhere) latest.current();
    };
    document.addEventListener("pointerdown", listen);
    return () => document.removeEventListener("pointerdown", listen);
  }, [open]);
}
