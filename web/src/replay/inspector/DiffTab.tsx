import { useMemo, useRef, useState } from "react";
import { Decoration, Diff, Hunk, type HunkTokens, pickRanges, tokenize } from "react-diff-view";
import "react-diff-view/style/index.css";
import { formatCount } from "../../format";
import { CopyButton } from "../clipboard";
import { relativePath } from "../paths";
import type { DiffHunk, FileDiff } from "../shapes";
import { visibleText } from "../text/invisible";
import { colouredCode } from "../text/tree";
import { VisibleText } from "../text/VisibleText";
import { Glyph } from "../trace/EntryMark";
import { editRanges, isSpaceOnly } from "./edits";
import { canBeColoured, DIFF_LINES_MAX, hunkData, hunkHeading, lineCount } from "./hunks";
import { languageOf } from "./language";

export type DiffLayout = "unified" | "split";

interface Props {
  diffs: readonly FileDiff[];
  layout: DiffLayout;
  onLayout: (layout: DiffLayout) => void;
  /** Paths below it are shown from there. */
  project: string | null;
}

/** The file changes of one tool call. */
export function DiffTab({ diffs, layout, onLayout, project }: Props) {
  const files = useRef<(HTMLElement | null)[]>([]);
  const [at, setAt] = useState(0);
  const go = (index: number) => {
    setAt(index);
    files.current[index]?.scrollIntoView({ block: "start" });
  };
  const sum = (count: (diff: FileDiff) => number) => diffs.reduce((total, diff) => total + count(diff), 0);
  return (
    <>
      <div className="sr-diff-bar">
        <fieldset className="sr-segments">
          <legend className="visually-hidden">Layout of the diff</legend>
          {(["unified", "split"] as const).map((one) => (
            <button key={one} type="button" aria-pressed={layout === one} onClick={() => onLayout(one)}>
              {one === "unified" ? "Unified" : "Split"}
            </button>
          ))}
        </fieldset>
        {diffs.length > 1 && (
          <span className="sr-diff-totals">
            <span>{formatCount(diffs.length)} files</span>
            <Counts additions={sum((diff) => diff.additions)} deletions={sum((diff) => diff.deletions)} />
          </span>
        )}
        {diffs.length > 1 && (
          <span className="sr-diff-steps">
            <button
              type="button"
              className="sr-icon-button"
              aria-label="Previous file"
              title="Previous file"
              disabled={at === 0}
              onClick={() => go(at - 1)}
            >
              <Glyph name="up" />
            </button>
            <button
              type="button"
              className="sr-icon-button"
              aria-label="Next file"
              title="Next file"
              disabled={at === diffs.length - 1}
              onClick={() => go(at + 1)}
            >
              <Glyph name="down" />
            </button>
          </span>
        )}
      </div>
      {diffs.map((diff, index) => (
        <div
          key={diff.path}
          ref={(element) => {
            files.current[index] = element;
          }}
        >
          <FileChange diff={diff} layout={layout} project={project} />
        </div>
      ))}
    </>
  );
}

function Counts({ additions, deletions }: { additions: number; deletions: number }) {
  return (
    <>
      <span className="sr-diff-plus" title="Lines added">
        +{formatCount(additions)}
      </span>
      <span className="sr-diff-minus" title="Lines removed">
        −{formatCount(deletions)}
      </span>
    </>
  );
}

const CHANGE_WORDS = { created: "new file", modified: "", deleted: "deleted", unknown: "change unknown" };
const SOURCE_WORDS = {
  recorded: "",
  computed: "computed from the old and new text",
  proposed: "proposed: the call was not, or not yet, carried out",
};

interface FileProps {
  diff: FileDiff;
  layout?: DiffLayout;
  project: string | null;
}

/** What a call did to one file. */
export function FileChange({ diff, layout = "unified", project }: FileProps) {
  const lines = lineCount(diff);
  // Where there is no room for all of it, the folder is cut and not the name.
  const path = relativePath(diff.path, project);
  const nameAt = path.lastIndexOf("/") + 1;
  const [open, setOpen] = useState(lines <= DIFF_LINES_MAX);
  const spaceOnly = useMemo(
    () => lines <= DIFF_LINES_MAX && isSpaceOnly(diff.hunks.map(hunkData)),
    [diff, lines],
  );
  const notes = [
    SOURCE_WORDS[diff.source],
    diff.user_modified && "changed by the user before it was applied",
    diff.truncated && "cut: the raw line has the rest",
    spaceOnly && "only white space changes",
    diff.note,
  ].filter(Boolean);
  return (
    <section className="sr-diff-file" aria-label={`Changes of ${visibleText(diff.path)}`}>
      <header className="sr-diff-head">
        <span className="sr-diff-path" title={diff.path}>
          <span>
            <VisibleText text={path.slice(0, nameAt)} />
          </span>
          <span>
            <VisibleText text={path.slice(nameAt)} />
          </span>
        </span>
        {CHANGE_WORDS[diff.change] && (
          <span className={`sr-badge sr-badge-${diff.change}`}>{CHANGE_WORDS[diff.change]}</span>
        )}
        <Counts additions={diff.additions} deletions={diff.deletions} />
        <CopyButton text={diff.path} label="Copy path" />
      </header>
      {notes.length > 0 && <p className="sr-note">{notes.join(" · ")}</p>}
      {lines === 0 && <p className="sr-note">No lines are recorded for this file.</p>}
      {lines > 0 && !open && (
        <button type="button" className="sr-button sr-diff-open" onClick={() => setOpen(true)}>
          Show {formatCount(lines)} lines
        </button>
      )}
      {lines > 0 &&
        open &&
        (lines > DIFF_LINES_MAX ? <PlainHunks diff={diff} /> : <DrawnHunks diff={diff} layout={layout} />)}
    </section>
  );
}

function DrawnHunks({ diff, layout }: { diff: FileDiff; layout: DiffLayout }) {
  const hunks = useMemo(() => diff.hunks.map(hunkData), [diff]);
  const tokens = useMemo(() => tokensOf(diff, hunks), [diff, hunks]);
  return (
    <div className="sr-diff-scroll">
      <Diff
        viewType={layout}
        diffType={diff.change === "created" ? "add" : "modify"}
        hunks={hunks}
        tokens={tokens}
        optimizeSelection
      >
        {(drawn) =>
          drawn.flatMap((hunk) => [
            <Decoration key={`heading ${hunk.content}`}>
              <span className="sr-diff-heading">{hunk.content}</span>
            </Decoration>,
            <Hunk key={hunk.content} hunk={hunk} />,
          ])
        }
      </Diff>
    </div>
  );
}

function tokensOf(diff: FileDiff, hunks: ReturnType<typeof hunkData>[]): HunkTokens | null {
  // A hunk cut out of prose opens emphasis that never ends.
  const language = /\.(?:md|markdown)$/i.test(diff.path) ? null : languageOf(diff.path);
  if (!canBeColoured(diff)) return null;
  const enhancers = [pickRanges(...editRanges(hunks))];
  const highlight = (text: string) => colouredCode(text, language);
  try {
    return tokenize(hunks, {
      highlight: true,
      language: language ?? "plaintext",
      // The library takes any highlighter of this form; its types know one only.
      refractor: { highlight } as never,
      enhancers,
    });
  } catch {
    return null;
  }
}

/** Very long diffs: plain lines, laid out only where they are looked at. */
function PlainHunks({ diff }: { diff: FileDiff }) {
  return (
    <div className="sr-diff-scroll sr-diff-plain">
      {diff.hunks.map((hunk, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the hunks of a stored line never change
        <PlainHunk key={index} hunk={hunk} />
      ))}
    </div>
  );
}

const GROUP_LINES = 200;

function PlainHunk({ hunk }: { hunk: DiffHunk }) {
  const groups: string[][] = [];
  for (let at = 0; at < hunk.lines.length; at += GROUP_LINES)
    groups.push(hunk.lines.slice(at, at + GROUP_LINES));
  return (
    <>
      <div className="sr-diff-heading">{hunkHeading(hunk)}</div>
      {groups.map((lines, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          key={index}
          className="sr-diff-group"
          style={{ containIntrinsicBlockSize: `auto ${lines.length * 18}px` }}
        >
          {lines.map((line, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            <div key={place} className={PLAIN_CLASS[line[0] ?? " "]}>
              <VisibleText text={line} />
            </div>
          ))}
        </div>
      ))}
    </>
  );
}

const PLAIN_CLASS: Record<string, string> = { "+": "sr-plus-line", "-": "sr-minus-line" };

/** Tools that change files without saying how. */
const COMMAND_TOOLS = ["Bash", "PowerShell", "KillShell", "BashOutput"];

/** Why there is no diff to show. */
export function noDiffReason(tool: string | null): string {
  if (tool !== null && COMMAND_TOOLS.includes(tool)) {
    return "What a command changes is not in the transcript: changed by a command, no diff recorded.";
  }
  if (tool !== null) return `${tool} recorded no file change in this call.`;
  return "Only tool calls change files.";
}
