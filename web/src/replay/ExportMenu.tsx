import { type KeyboardEvent, type MouseEvent, useEffect, useId, useRef, useState } from "react";
import { ApiError, address, answer, api } from "../api/client";
import { download } from "../api/download";
import { formatBytes, formatCount } from "../format";
import { useAnnounce } from "../shell/page";
import type { Session } from "./shapes";
import { Glyph } from "./trace/EntryMark";
import "./export.css";

type Format = "csv" | "jsonl";

interface Choice {
  format: Format;
  name: string;
  size: string;
  means: string;
}

/** A menu that downloads the session: as a table, or as the client wrote it. */
export function ExportMenu({ session }: { session: Session }) {
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const announce = useAnnounce();
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  const first = useRef<"first" | "last">("first");

  useEffect(() => {
    if (!open) return;
    const items = itemsOf(menu.current);
    (first.current === "last" ? items.at(-1) : items[0])?.focus();
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);

  const show = (at: "first" | "last") => {
    first.current = at;
    setProblem(null);
    setOpen(true);
  };
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onButtonKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    show(event.key === "ArrowDown" ? "first" : "last");
  };
  const onMenuKey = (event: KeyboardEvent) => {
    // Letters are keys of the page, which must not act behind an open menu.
    event.stopPropagation();
    const items = itemsOf(menu.current);
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = nextItem(event.key, at, items.length);
    if (to !== null) items[to]?.focus();
    else if (event.key === " ") (document.activeElement as HTMLElement | null)?.click();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  };
  const choose = (event: MouseEvent, choice: Choice) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    // What a browser does with an error in the place of a file differs, so it is asked for first.
    event.preventDefault();
    close();
    void refusal(session.id).then((refused) => {
      setProblem(refused);
      announce(refused ?? `Downloading ${choice.name}`);
      if (refused === null) download(exportAddress(session.id, choice.format));
    });
  };

  return (
    <div className="sr-export" ref={box}>
      <button
        ref={button}
        type="button"
        className="sr-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => (open ? setOpen(false) : show("first"))}
        onKeyDown={onButtonKey}
      >
        <Glyph name="download" />
        <span>Export</span>
        <Glyph name="down" />
      </button>
      {open && (
        <div
          ref={menu}
          id={id}
          className="sr-export-menu"
          role="menu"
          aria-label="Export"
          onKeyDown={onMenuKey}
        >
          {choicesOf(session).map((choice) => (
            <a
              key={choice.format}
              role="menuitem"
              tabIndex={-1}
              className="sr-export-choice"
              href={exportAddress(session.id, choice.format)}
              download
              aria-describedby={`${id}-${choice.format}`}
              aria-label={`${choice.name}, ${choice.size}`}
              onClick={(event) => choose(event, choice)}
            >
              <b>{choice.name}</b>
              <span className="sr-export-size">{choice.size}</span>
              <span className="sr-export-means" id={`${id}-${choice.format}`}>
                {choice.means}
              </span>
            </a>
          ))}
        </div>
      )}
      {problem !== null && (
        <div className="sr-export-menu sr-export-problem" role="alert">
          <b>Not exported.</b> {problem}
          <button
            type="button"
            className="sr-icon-button"
            aria-label="Dismiss"
            onClick={() => setProblem(null)}
          >
            <Glyph name="cross" />
          </button>
        </div>
      )}
    </div>
  );
}

function choicesOf(session: Session): Choice[] {
  const entries = `${formatCount(session.entries)} ${session.entries === 1 ? "row" : "rows"}`;
  return [
    {
      format: "csv",
      name: "CSV (spreadsheet)",
      size: entries,
      means: "One row for each entry. No cell can act as a formula.",
    },
    {
      format: "jsonl",
      name: "JSONL (original)",
      size: formatBytes(session.size_bytes + session.pending_bytes),
      means: "The transcript as the client wrote it, byte for byte.",
    },
  ];
}

function exportAddress(sessionId: string, format: Format): string {
  return address(`api/sessions/${encodeURIComponent(sessionId)}/export.${format}`);
}

/** Why the server would not hand the session out, null where it would. */
async function refusal(sessionId: string): Promise<string | null> {
  try {
    await answer(api.GET("/api/sessions/{session_id}", { params: { path: { session_id: sessionId } } }));
    return null;
  } catch (cause) {
    return cause instanceof ApiError ? cause.detail : String(cause);
  }
}

function itemsOf(menu: HTMLElement | null): HTMLElement[] {
  return menu === null ? [] : [...menu.querySelectorAll<HTMLElement>("[role=menuitem]")];
}

/** Where a key leads from the item `at`; null for keys that lead nowhere. */
function nextItem(key: string, at: number, count: number): number | null {
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return (at - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
