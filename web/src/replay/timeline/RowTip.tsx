import { formatDuration, formatTime } from "../../format";
import { VisibleText } from "../text/VisibleText";
import { Glyph, TYPE_WORDS, TypeIcon } from "../trace/EntryMark";
import { headOf } from "../trace/rows";
import { toolName, wordsOf } from "../trace/words";
import { wordsOfMarks } from "./marks";
import { MARK, type Timeline } from "./timeline";

const WORDS_CHARACTERS_MAX = 90;

/** What a tooltip says about a row: when it came, what it is, and how it begins. */
export function RowTip({ timeline, index, zone }: { timeline: Timeline; index: number; zone: string }) {
  const row = timeline.rows[index];
  if (!row) return null;
  const head = headOf(row);
  const { aside, body } = wordsOf(head);
  const words = [head.label, aside, body].find((text) => text.trim() !== "") ?? "";
  const marks = timeline.marks[index] ?? 0;
  const idle = (marks & MARK.idle) !== 0 ? idleBefore(timeline, index) : null;
  return (
    <>
      <span className="sr-tip-time">{timeWords(timeline, timeline.instants[index] ?? 0, zone)}</span>
      <span className="sr-tip-row">
        {row.kind === "agent" ? (
          <>
            <Glyph name="agent" />
            <b>Subagent</b>
          </>
        ) : (
          <>
            <TypeIcon type={head.type} />
            <b className={`sr-type-${head.type}`}>{TYPE_WORDS[head.type]}</b>
          </>
        )}
        {head.tool && head.type === "tool" && <b className="sr-tip-tool">{toolName(head.tool)}</b>}
        <span className="sr-tip-words">
          <VisibleText text={words.trim().slice(0, WORDS_CHARACTERS_MAX)} find="" />
        </span>
      </span>
      {(idle !== null || wordsOfMarks(marks).length > 0) && (
        <span className="sr-tip-marks">
          {[
            ...wordsOfMarks(marks),
            ...(idle === null ? [] : [`${formatDuration(idle)} after the one before`]),
          ].join(" · ")}
        </span>
      )}
    </>
  );
}

function idleBefore(timeline: Timeline, index: number): number {
  return (timeline.instants[index] ?? 0) - (timeline.instants[index - 1] ?? 0);
}

/** `10:23:30 · +5m 39s`: the time, and how long after the first row. */
export function timeWords(timeline: Timeline, instant: number, zone: string): string {
  const first = timeline.instants[0] ?? 0;
  if (first === 0) return "no time recorded";
  return `${formatTime(new Date(instant).toISOString(), zone)} · +${formatDuration(instant - first)}`;
}
