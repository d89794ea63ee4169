import { type FormEvent, type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import type { ApiError, SavedFilter } from "../api/client";
import { visibleText } from "../replay/text/invisible";
import { Popup } from "../shell/Popup";
import { useAnnounce } from "../shell/page";
import { sameView, useSavedFilterActions, useSavedFilters, type View, viewOf } from "./saved";
import { filterText } from "./words";
import "./SavedFilters.css";

const NAME_CHARACTERS_MAX = 80;

interface Props {
  view: View;
  onApply: (view: View) => void;
  zone: string;
}

/** Filters under names, shared by the organization: apply, save, rename, delete. */
export function SavedFilters({ view, onApply, zone }: Props) {
  const { data, isPending, isError, refetch } = useSavedFilters();
  const items = data?.items ?? [];
  const current = items.find((saved) => sameView(viewOf(saved), view));
  return (
    <Popup
      label="Saved filters"
      trigger={
        <>
          <Bookmark filled={current !== undefined} />
          <span>{current ? visibleText(current.name) : "Saved filters"}</span>
        </>
      }
    >
      {(close) => (
        <div className="saved">
          <SaveForm view={view} items={items} current={current} />
          {isPending && <p className="saved-note">Loading…</p>}
          {isError && data === undefined && (
            <p className="saved-problem" role="alert">
              The saved filters could not be loaded.{" "}
              <button type="button" className="saved-link" onClick={() => void refetch()}>
                Retry
              </button>
            </p>
          )}
          <SavedList
            items={items}
            current={current}
            zone={zone}
            onApply={(saved) => {
              onApply(viewOf(saved));
              close();
            }}
          />
        </div>
      )}
    </Popup>
  );
}

interface SaveFormProps {
  view: View;
  items: SavedFilter[];
  current: SavedFilter | undefined;
}

function SaveForm({ view, items, current }: SaveFormProps) {
  const { busy, add, replace } = useSavedFilterActions();
  const announce = useAnnounce();
  const [name, setName] = useState("");
  const [refused, setRefused] = useState<ApiError | null>(null);
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  if (view.filter === undefined) {
    return <p className="saved-note">Filter the list, then save the filter here under a name.</p>;
  }
  if (current !== undefined) {
    return <p className="saved-note">The list shows “{visibleText(current.name)}”.</p>;
  }
  const taken = refused?.type === "name-taken" ? items.find((one) => sameName(one.name, name)) : undefined;
  const settle = (problem: ApiError | null) => {
    setRefused(problem);
    if (problem !== null) return;
    announce(`Saved as ${name}`);
    // The form gives way to a note; the focus stays in the panel.
    form.current?.closest<HTMLElement>("[role=dialog]")?.focus();
    setName("");
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") void add(name, view).then(settle);
  };
  return (
    <form ref={form} className="saved-form" onSubmit={save}>
      <label htmlFor={id}>Save the current filter as</label>
      <div className="saved-line">
        <input
          id={id}
          data-autofocus
          value={name}
          maxLength={NAME_CHARACTERS_MAX}
          placeholder="Name"
          autoComplete="off"
          onChange={(event) => {
            setName(event.target.value);
            setRefused(null);
          }}
        />
        <button type="submit" className="outlined-button" disabled={busy || name.trim() === ""}>
          Save
        </button>
      </div>
      {refused !== null && (
        <p className="saved-problem" role="alert">
          {taken ? `“${visibleText(taken.name)}” exists already. ` : refused.detail}
          {taken && (
            <button
              type="button"
              className="saved-link"
              onClick={() => void replace(taken.id, taken.name, view).then(settle)}
            >
              Replace it
            </button>
          )}
        </p>
      )}
    </form>
  );
}

interface SavedListProps {
  items: SavedFilter[];
  current: SavedFilter | undefined;
  zone: string;
  onApply: (saved: SavedFilter) => void;
}

function SavedList({ items, current, zone, onApply }: SavedListProps) {
  const { busy, add, replace, remove } = useSavedFilterActions();
  const announce = useAnnounce();
  const [renamed, setRenamed] = useState<string | null>(null);
  const [removed, setRemoved] = useState<SavedFilter | null>(null);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const list = useRef<HTMLUListElement>(null);

  const rename = (saved: SavedFilter, name: string) => {
    setRenamed(null);
    if (name.trim() === "" || name === saved.name) return;
    void replace(saved.id, name, viewOf(saved)).then((problem) => {
      setRefused(problem);
      if (problem === null) announce(`Renamed to ${name}`);
    });
  };
  const onRemove = (saved: SavedFilter) => {
    void remove(saved.id).then((problem) => {
      setRefused(problem);
      if (problem !== null) return;
      setRemoved(saved);
      announce(`${saved.name} deleted`);
    });
  };
  const undo = (saved: SavedFilter) => {
    void add(saved.name, viewOf(saved)).then((problem) => {
      setRefused(problem);
      if (problem === null) setRemoved(null);
    });
  };
  /** Up and down between the filters; Tab reaches what can be done with each. */
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const names = [...(list.current?.querySelectorAll<HTMLElement>(".saved-apply") ?? [])];
    const at = names.indexOf(document.activeElement as HTMLElement);
    if (step === undefined || at === -1) return;
    event.preventDefault();
    names[(at + step + names.length) % names.length]?.focus();
  };
  return (
    <>
      {refused !== null && (
        <p className="saved-problem" role="alert">
          {refused.detail}
        </p>
      )}
      {removed !== null && (
        <p className="saved-removed">
          <span>“{visibleText(removed.name)}” was deleted.</span>
          <button
            type="button"
            className="outlined-button"
            // biome-ignore lint/a11y/noAutofocus: the button that had the focus is gone with its row
            autoFocus
            disabled={busy}
            onClick={() => undo(removed)}
          >
            Undo
          </button>
        </p>
      )}
      {items.length > 0 && (
        <ul ref={list} className="saved-list" onKeyDown={onKeyDown}>
          {items.map((saved) => (
            <li key={saved.id}>
              {renamed === saved.id ? (
                <RenameForm saved={saved} onDone={(name) => rename(saved, name)} />
              ) : (
                <>
                  <button
                    type="button"
                    className="saved-apply"
                    aria-current={saved === current}
                    onClick={() => onApply(saved)}
                  >
                    <b>{visibleText(saved.name)}</b> <span>{viewText(saved, zone)}</span>
                  </button>
                  <IconButton label={`Rename ${saved.name}`} onClick={() => setRenamed(saved.id)}>
                    <path d="m2.5 13.5.7-3L10.7 3l2.3 2.3-7.5 7.5zM9 4.7 11.3 7" />
                  </IconButton>
                  <IconButton label={`Delete ${saved.name}`} onClick={() => onRemove(saved)}>
                    <path d="M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9M6.8 7v4M9.2 7v4" />
                  </IconButton>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function RenameForm({ saved, onDone }: { saved: SavedFilter; onDone: (name: string) => void }) {
  const [name, setName] = useState(saved.name);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // It ends the renaming, not the panel.
    event.stopPropagation();
    onDone(saved.name);
  };
  return (
    <form
      className="saved-line"
      onSubmit={(event) => {
        event.preventDefault();
        onDone(name);
      }}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: it takes the place of the button that was pressed
        autoFocus
        aria-label={`New name of ${saved.name}`}
        value={name}
        maxLength={NAME_CHARACTERS_MAX}
        onFocus={(event) => event.target.select()}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="outlined-button">
        Rename
      </button>
    </form>
  );
}

function IconButton(props: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      className="saved-icon"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {props.children}
      </svg>
    </button>
  );
}

function Bookmark({ filled }: { filled: boolean }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={filled ? "saved-mark" : undefined}>
      <path d="M4 2.5h8v11l-4-3-4 3z" />
    </svg>
  );
}

function viewText(saved: SavedFilter, zone: string): string {
  const { filter } = viewOf(saved);
  return filter === undefined ? "All sessions" : visibleText(filterText(filter, zone));
}

/** As the server compares: white space runs and letter case make no other name. */
function sameName(one: string, other: string): boolean {
  const plain = (name: string) => name.trim().replace(/\s+/g, " ").toLowerCase();
  return plain(one) === plain(other);
}
