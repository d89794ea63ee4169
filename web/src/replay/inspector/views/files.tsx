/** Reading, finding and changing files. */
import type { ReactNode } from "react";
import { formatCount, formatDuration } from "../../../format";
import { relativePath } from "../../paths";
import { NumberedCode } from "../../text/Code";
import { cutAtLiterals, literalsOf } from "../../text/literals";
import { VisibleText } from "../../text/VisibleText";
import { FileChange } from "../DiffTab";
import { languageOf } from "../language";
import { Block, LongBlock, Part } from "../Part";
import type { Reading } from "../reading";
import { Fields, NameList, Subject, TextBlock, Traits } from "./pieces";
import type { CallScene, ResultScene, ToolView } from "./view";

/** The file of a call; null where it is named by no text. */
function pathOf(input: Reading): string | null {
  return input.text("file_path") ?? input.text("notebook_path") ?? input.text("path");
}

export const READ: ToolView = {
  input: ({ input }) => {
    const path = pathOf(input);
    const [offset, limit] = [input.amount("offset"), input.amount("limit")];
    return (
      <>
        {path !== null && <Subject name="file" text={path} />}
        <Traits
          traits={[
            offset !== null && `From line ${formatCount(offset)}`,
            limit !== null && `At most ${formatCount(limit)} lines`,
          ]}
        />
        <Fields fields={input.rest()} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const file = outcome.record("file");
    const lines = file.amount("numLines");
    if (lines === null) return [];
    const [start, total] = [file.amount("startLine"), file.amount("totalLines")];
    const first = start ?? 1;
    return [
      lines === 0
        ? "No lines"
        : `Lines ${formatCount(first)}–${formatCount(first + lines - 1)}${total === null ? "" : ` of ${formatCount(total)}`}`,
      total !== null && first === 1 && lines >= total && "The whole file",
    ];
  },
};

function changeInput({ input, call, diffs, project, tool }: CallScene) {
  // What a new file holds is easier to read as it is.
  const isDrawn = diffs.length > 0 && (tool !== "Write" || diffs.some((diff) => diff.change === "modified"));
  const path = pathOf(input);
  const [cell, mode, kind] = ["cell_id", "edit_mode", "cell_type"].map((name) => input.text(name));
  const number = input.number("cell_number");
  const everywhere = input.flag("replace_all");
  const texts = changeTexts(input, path, kind === "markdown");
  return (
    <>
      {!isDrawn && path !== null && <Subject name="file" text={path} />}
      <Traits
        traits={[
          everywhere && "Every occurrence",
          cell != null && `Cell ${cell}`,
          number !== null && `Cell ${number}`,
          kind != null && `Cell type: ${kind}`,
          mode != null && `Mode: ${mode}`,
        ]}
      />
      <Fields fields={input.rest()} />
      {isDrawn ? diffs.map((diff) => <FileChange key={diff.path} diff={diff} project={project} />) : texts}
      {call.has_diff && diffs.length > 0 && (
        <p className="sr-note">The Diff tab shows the change in full, unified or split.</p>
      )}
    </>
  );
}

/** The texts of a change, for one whose diff is not there: the call failed, or the client told none. */
function changeTexts(input: Reading, path: string | null, isMarkdown: boolean) {
  const [before, after, content, source] = ["old_string", "new_string", "content", "new_source"].map((name) =>
    input.output(name),
  );
  const edits = (input.records("edits") ?? []).map((edit) => ({
    before: edit.output("old_string"),
    after: edit.output("new_string"),
  }));
  return (
    <>
      {before != null && <TextBlock label="replaces" text={before} path={path} />}
      {after != null && <TextBlock label="by" text={after} path={path} />}
      {content != null && (
        <LongBlock label="content" text={content}>
          {(text) => (
            <NumberedCode text={text} language={path === null ? null : languageOf(path)} start={1} />
          )}
        </LongBlock>
      )}
      {source != null && (
        <TextBlock label="new source" text={source} path={isMarkdown ? "cell.md" : "cell.py"} />
      )}
      {edits.map((edit, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the edits of a stored call never change
        <Block key={index} label={`edit ${index + 1} of ${edits.length}`}>
          {edit.before !== null && <TextBlock label="replaces" text={edit.before} path={path} />}
          {edit.after !== null && <TextBlock label="by" text={edit.after} path={path} />}
        </Block>
      ))}
    </>
  );
}

const NO_PART = { value: null, language: null, media_type: null, data: null, truncated_bytes: 0 };

export const CHANGE: ToolView = {
  input: changeInput,
  facts: ({ outcome, tool }) => {
    const type = tool === "Write" ? outcome.text("type") : null;
    const error = outcome.text("error");
    return [
      type === "create" ? { text: "New file", tone: "good" } : type === "update" ? "Overwritten" : type,
      outcome.flag("userModified") && { text: "Changed by the user before it was applied", tone: "warn" },
      error !== null && { text: error, tone: "bad" },
    ];
  },
};

/** Lines of one file in the output of a search; the path is empty where the search was in one file. */
interface FoundIn {
  path: string;
  lines: { number: string; text: string; isMatch: boolean }[];
}

const NUMBERED = /^(\d+)([:-])([\s\S]*)$/;
const IN_FILE = /^((?:[A-Za-z]:)?[^:]+?)([:-])(\d+)\2([\s\S]*)$/;
const NAMED = /^([\w./\\~@+-]*[A-Za-z./][\w./\\~@+-]*):([\s\S]*)$/;
const FOUND_LINES_MAX = 2_000;

/** `src/a.py:12:text` lines, grouped by file; dashes in the place of the colons say: a line around a match. */
export function foundLines(content: string): FoundIn[] {
  const files: FoundIn[] = [];
  for (const line of content.split("\n").slice(0, FOUND_LINES_MAX)) {
    if (line === "" || line === "--") continue;
    const { path, ...found } = foundLine(line.replace(/\r$/, ""));
    let file = files.at(-1);
    if (file?.path !== path) {
      file = { path, lines: [] };
      files.push(file);
    }
    file.lines.push(found);
  }
  return files;
}

function foundLine(line: string): FoundIn["lines"][number] & { path: string } {
  const numbered = NUMBERED.exec(line);
  if (numbered) {
    const [, number = "", mark, text = ""] = numbered;
    return { path: "", number, text, isMatch: mark === ":" };
  }
  const inFile = IN_FILE.exec(line);
  if (inFile) {
    const [, path = "", mark, number = "", text = ""] = inFile;
    return { path, number, text, isMatch: mark === ":" };
  }
  const named = NAMED.exec(line);
  return { path: named?.[1] ?? "", number: "", text: named?.[2] ?? line, isMatch: true };
}

const MODES: Record<string, string> = {
  content: "Matching lines",
  files_with_matches: "Names of files",
  count: "Counts per file",
};

export const GREP: ToolView = {
  input: ({ input }) => {
    const [pattern, path, glob, type, mode] = ["pattern", "path", "glob", "type", "output_mode"].map((name) =>
      input.text(name),
    );
    const around = ["-A", "-B", "-C"].map((name) => [name, input.number(name)] as const);
    const limit = input.number("head_limit");
    return (
      <>
        {pattern != null && <Subject name="pattern" text={pattern} />}
        {path != null && <Subject name="in" text={path} />}
        <Traits
          traits={[
            mode != null && (Object.hasOwn(MODES, mode) ? MODES[mode] : mode),
            glob != null && `Files ${glob}`,
            type != null && `Type ${type}`,
            input.flag("-i") && "Any case",
            input.flag("-n") && "With line numbers",
            input.flag("multiline") && "Across lines",
            ...around.map(([name, lines]) => lines !== null && `${name} ${lines}`),
            limit !== null && `First ${limit}`,
          ]}
        />
        <Fields fields={input.rest()} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const isList = outcome.word("mode", Object.keys(MODES)) !== "content";
    const files = isList ? outcome.amount("numFiles") : null;
    const [lines, matches, cut] = ["numLines", "numMatches", "appliedLimit"].map((name) =>
      outcome.amount(name),
    );
    return [
      files !== null && counted(files, "file"),
      lines != null && counted(lines, "line"),
      matches != null && counted(matches, "match", "matches"),
      cut != null && { text: `Cut at ${formatCount(cut)}`, tone: "warn" },
    ];
  },
  output: ({ input, outcome, project }) => {
    const content = outcome.text("content");
    if (content === null) return fileList(outcome, project);
    const literals = literalsOf(input.text("pattern") ?? "");
    return <Found content={content} literals={literals} ignoreCase={input.flag("-i")} project={project} />;
  },
};

function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function fileList(outcome: Reading, project: string | null) {
  const names = outcome.texts("filenames");
  if (names === null) return null;
  if (names.length === 0) return <p className="sr-empty">Nothing was found.</p>;
  return <NameList label="files" names={names.map((name) => relativePath(name, project))} />;
}

interface FoundProps {
  content: string;
  literals: readonly string[];
  ignoreCase: boolean;
  project: string | null;
}

function Found({ content, literals, ignoreCase, project }: FoundProps) {
  const files = foundLines(content);
  const shown = files.reduce((sum, file) => sum + file.lines.length, 0);
  return (
    <Block
      label={files.some((file) => file.path !== "") ? counted(files.length, "place") : "matches"}
      copy={content}
    >
      <div className="sr-found">
        {files.map((file, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what was found in a stored result never changes
          <section key={index} className="sr-chunk">
            {file.path !== "" && (
              <h3 className="sr-found-path">
                <VisibleText text={relativePath(file.path, project)} /> <span>{file.lines.length}</span>
              </h3>
            )}
            {file.lines.map((line, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <div key={place} className={line.isMatch ? "sr-found-line" : "sr-found-line sr-found-around"}>
                <span className="sr-line-number" data-line={line.number} />
                <span>
                  <Marked text={line.text} literals={line.isMatch ? literals : []} ignoreCase={ignoreCase} />
                </span>
              </div>
            ))}
          </section>
        ))}
      </div>
      {shown >= FOUND_LINES_MAX && <p className="sr-note">Cut here; the copy button gives all of it.</p>}
    </Block>
  );
}

function Marked({
  text,
  literals,
  ignoreCase,
}: {
  text: string;
  literals: readonly string[];
  ignoreCase: boolean;
}) {
  return cutAtLiterals(text, literals, ignoreCase).map((piece, index) =>
    index % 2 === 0 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a stored text never change
      <VisibleText key={index} text={piece} />
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <mark key={index}>
        <VisibleText text={piece} />
      </mark>
    ),
  );
}

export const GLOB: ToolView = {
  input: ({ input }) => {
    const [pattern, path] = [input.text("pattern"), input.text("path")];
    return (
      <>
        {pattern !== null && <Subject name="pattern" text={pattern} />}
        {path !== null && <Subject name="in" text={path} />}
        <Fields fields={input.rest()} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const [files, took] = [outcome.amount("numFiles"), outcome.amount("durationMs")];
    return [
      files !== null && counted(files, "file"),
      took !== null && formatDuration(took),
      outcome.flag("truncated") && { text: "More were found than are listed", tone: "warn" },
    ];
  },
  output: ({ outcome, project }: ResultScene) => fileList(outcome, project),
};

export const LIST: ToolView = {
  input: ({ input }) => {
    const path = input.text("path");
    return (
      <>
        {path !== null && <Subject name="folder" text={path} />}
        <Fields fields={input.rest()} />
      </>
    );
  },
};

/** What an attachment says of a file: its path and its text. */
export function AttachedFile({ path, text, start }: { path: string; text: string; start: number | null }) {
  const label = start !== null && start > 1 ? `from line ${start}` : "file";
  return <Part part={{ ...NO_PART, kind: "code", label, text, path }} />;
}

/** Findings of compilers and linters, file by file. */
export function diagnostics(files: readonly Reading[]): ReactNode {
  return files.map((file, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the findings of a stored line never change
    <Block key={index} label="diagnostics" path={file.text("uri") ?? file.text("path")}>
      <ul className="sr-names">
        {file.records("diagnostics")?.map((one, place) => {
          const line = one.record("range").record("start").amount("line");
          const words = [
            one.text("severity"),
            line !== null && `line ${line + 1}`,
            one.text("message"),
            [one.text("source"), one.text("code")].filter(Boolean).join(" "),
          ];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <li key={place}>
              <VisibleText text={words.filter(Boolean).join(" · ")} />
            </li>
          );
        })}
      </ul>
    </Block>
  ));
}
