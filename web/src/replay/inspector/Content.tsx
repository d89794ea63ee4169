import { type ReactNode, useMemo, useState } from "react";
import { formatCount } from "../../format";
import type { Entry, EntryWhole, FileDiff } from "../shapes";
import { plainOutput } from "../text/ansi";
import { Code } from "../text/Code";
import { VisibleText } from "../text/VisibleText";
import { Glyph } from "../trace/EntryMark";
import type { Row } from "../trace/rows";
import { LongBlock } from "./Part";
import { record, textField } from "./rawLine";
import { taggedTexts } from "./tagged";
import { RecordView } from "./views/records";
import { TaggedText } from "./views/TaggedText";
import { Parts, ToolInput, ToolOutput } from "./views/ToolCall";

interface Props {
  row: Row;
  call: EntryWhole;
  result: EntryWhole | null;
  diffs: readonly FileDiff[];
  project: string | null;
  /** The result of the call is on its way. */
  waiting: ReactNode | null;
  live: boolean;
  onEntry: (seq: number) => void;
}

/** The Content tab: all of an entry; of a tool call its input and its output apart. */
export function Content({ row, call, result, diffs, project, waiting, live, onEntry }: Props) {
  if (row.kind !== "tool") {
    return (
      <>
        {call.raw_type === "damaged" && (
          <p className="sr-notice sr-notice-error">
            This line is damaged: it is no whole JSON object. It is stored and shown as it came.
          </p>
        )}
        <Lone whole={call} />
        <RawLine whole={call} />
      </>
    );
  }
  const scene = { call, result, diffs, project };
  return (
    <>
      <Half title="Input">
        <PermissionWords whole={call} />
        <ToolInput {...scene} />
        <RawLine whole={call} />
      </Half>
      <Half title="Output">
        {waiting}
        {result && (
          <>
            <PermissionWords whole={result} />
            <ToolOutput {...scene} result={result} />
            <RawLine whole={result} />
          </>
        )}
        {!row.result && (
          <p className="sr-empty">
            {live
              ? "Still running: the result will appear here."
              : "The transcript holds no result of this call."}
          </p>
        )}
      </Half>
      {row.progress.length > 0 && <Reports reports={row.progress} onEntry={onEntry} />}
    </>
  );
}

const REPORTS_SHOWN_MAX = 30;

/** Hooks that ran for the call, and what it told while it ran; the last of many say most. */
function Reports({ reports, onEntry }: { reports: readonly Entry[]; onEntry: (seq: number) => void }) {
  const shown = reports.slice(-REPORTS_SHOWN_MAX);
  return (
    <Half title={`Hooks and reports (${formatCount(reports.length)})`}>
      {shown.length < reports.length && <p className="sr-note">The last {shown.length}:</p>}
      <ul className="sr-reports">
        {shown.map((entry) => (
          <li key={entry.seq}>
            <button type="button" className="sr-link-button" onClick={() => onEntry(entry.seq)}>
              <VisibleText text={entry.label || entry.raw_type} />
            </button>
            <span>
              <VisibleText text={plainOutput(entry.preview).trim().split("\n").at(-1) ?? ""} />
            </span>
          </li>
        ))}
      </ul>
    </Half>
  );
}

/** An entry that is no tool call. */
function Lone({ whole }: { whole: EntryWhole }) {
  const first = whole.content[0];
  const tagged =
    whole.content.length === 1 && first?.kind === "markdown" ? taggedTexts(first.text ?? "") : null;
  if (tagged !== null) return <TaggedText parts={tagged} />;
  return isMessage(whole) ? <Parts whole={whole} /> : <RecordView whole={whole} />;
}

function isMessage({ raw_type }: EntryWhole): boolean {
  return /^(?:user|assistant|damaged|oversized)\b/.test(raw_type);
}

function Half({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="sr-half-section">
      <h2 className="sr-half">{title}</h2>
      {children}
    </section>
  );
}

/** Who allowed or refused the call. */
function PermissionWords({ whole }: { whole: EntryWhole }) {
  const words = textField(record(whole.meta.permission), "words");
  if (words === null) return null;
  return (
    <p className={whole.is_denied ? "sr-notice sr-notice-error" : "sr-notice"}>
      <VisibleText text={words} />
    </p>
  );
}

/** The line as it is stored, on demand. */
function RawLine({ whole }: { whole: EntryWhole }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="sr-raw">
      <button type="button" className="sr-link-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Glyph name={open ? "down" : "right"} /> Raw JSON
      </button>
      {open && <RawText raw={whole.raw} />}
    </div>
  );
}

/** Indented JSON of a longer line is not made: it would hold the page. */
const INDENTED_CHARACTERS_MAX = 2_000_000;

function RawText({ raw }: { raw: string }) {
  const text = useMemo(() => indented(raw), [raw]);
  return (
    <LongBlock label={text === raw ? "line as stored" : "line as stored, indented"} text={text} copy={raw}>
      {(shown) => <Code text={shown} language="json" />}
    </LongBlock>
  );
}

function indented(raw: string): string {
  if (raw.length > INDENTED_CHARACTERS_MAX) return raw;
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}
