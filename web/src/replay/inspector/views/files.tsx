/** Reading, finding and changing files. */
import { formatCount, formatDuration } from "../../../format";
import { relativePath } from "../../paths";
import { NumberedCode } from "../../text/Code";
import { cutAtLiterals, literalsOf } from "../../text/literals";
import { VisibleText } from "../../text/VisibleText";
import { FileChange } from "../DiffTab";
import { languageOf } from "../language";
import { Block, LongBlock, Part } from "../Part";
import { type Fields as FieldsOf, numberField, record, records, textField, texts } from "../rawLine";
import { Fields, NameList, Notice, Subject, TextBlock, Traits } from "./pieces";
import type { CallScene, ResultScene, ToolView } from "./view";

function pathOf(input: FieldsOf): string | null {
  return textField(input, "file_path") ?? textField(input, "notebook_path") ?? textField(input, "path");
}

/** The file of a call; nothing where it is named by no text. */
function File({ input }: { input: FieldsOf }) {
  const path = pathOf(input);
  return path === null ? null : <Subject name="file" text={path} />;
}

function withoutPath(input: FieldsOf): string[] {
  return ["file_path", "notebook_path", "path"].filter((name) => textField(input, name) !== null);
}

export const READ: ToolView = {
  input: ({ input }) => {
    const [offset, limit] = [numberField(input, "offset"), numberField(input, "limit")];
    return (
      <>
        <File input={input} />
        <Traits
          traits={[
            offset !== null && `From line ${formatCount(offset)}`,
            limit !== null && `At most ${formatCount(limit)} lines`,
          ]}
        />
        <Fields
          fields={input}
          without={[
            ...withoutPath(input),
            ...(offset === null ? [] : ["offset"]),
            ...(limit === null ? [] : ["limit"]),
          ]}
        />
      </>
    );
  },
  facts: ({ outcome }) => {
    const file = record(outcome.file);
    const [start, lines, total] = [
      numberField(file, "startLine"),
      numberField(file, "numLines"),
      numberField(file, "totalLines"),
    ];
    if (lines === null) return [];
    const first = start ?? 1;
    return [
      lines === 0
        ? "No lines"
        : `Lines ${formatCount(first)}–${formatCount(first + lines - 1)}${total === null ? "" : ` of ${formatCount(total)}`}`,
      total !== null && first === 1 && lines >= total && "The whole file",
    ];
  },
};

const TEXTS_OF_CHANGE = ["old_string", "new_string", "new_source", "content", "edits"];

function changeInput({ input, call, diffs, project, tool }: CallScene) {
  // What a new file holds is easier to read as it is.
  const isDrawn = diffs.length > 0 && (tool !== "Write" || diffs.some((diff) => diff.change === "modified"));
  return (
    <>
      {!isDrawn && <File input={input} />}
      <Traits
        traits={[
          input.replace_all === true && "Every occurrence",
          textField(input, "cell_id") !== null && `Cell ${textField(input, "cell_id")}`,
          numberField(input, "cell_number") !== null && `Cell ${numberField(input, "cell_number")}`,
          textField(input, "edit_mode") !== null && `Mode: ${textField(input, "edit_mode")}`,
        ]}
      />
      <Fields
        fields={input}
        without={[
          ...withoutPath(input),
          ...TEXTS_OF_CHANGE,
          "replace_all",
          "cell_id",
          "cell_number",
          "edit_mode",
        ]}
      />
      {isDrawn
        ? diffs.map((diff) => <FileChange key={diff.path} diff={diff} project={project} />)
        : changeTexts(input)}
      {call.has_diff && diffs.length > 0 && (
        <p className="sr-note">The Diff tab shows the change in full, unified or split.</p>
      )}
    </>
  );
}

/** The texts of a change whose diff is not there: the call failed, or the client told none. */
function changeTexts(input: FieldsOf) {
  const path = pathOf(input);
  const edits = records(input.edits);
  return (
    <>
      {typeof input.old_string === "string" && (
        <TextBlock label="replaces" text={input.old_string} path={path} />
      )}
      {typeof input.new_string === "string" && <TextBlock label="by" text={input.new_string} path={path} />}
      {typeof input.content === "string" && (
        <LongBlock label="content" text={input.content}>
          {(text) => (
            <NumberedCode text={text} language={path === null ? null : languageOf(path)} start={1} />
          )}
        </LongBlock>
      )}
      {typeof input.new_source === "string" && (
        <TextBlock label="new source" text={input.new_source} path={`cell.${cellSuffix(input)}`} />
      )}
      {edits.map((edit, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the edits of a stored call never change
        <Block key={index} label={`edit ${index + 1} of ${edits.length}`}>
          <TextBlock label="replaces" text={String(edit.old_string ?? "")} path={path} />
          <TextBlock label="by" text={String(edit.new_string ?? "")} path={path} />
        </Block>
      ))}
      {edits.length === 0 && (
        <Fields fields={input} without={Object.keys(input).filter((name) => !isOddText(input, name))} />
      )}
    </>
  );
}

const NO_PART = { value: null, language: null, media_type: null, data: null, truncated_bytes: 0 };

/** One of the texts of a change that is something else than a text. */
function isOddText(input: FieldsOf, name: string): boolean {
  return TEXTS_OF_CHANGE.includes(name) && typeof input[name] !== "string";
}

function cellSuffix(input: FieldsOf): string {
  return input.cell_type === "markdown" ? "md" : "py";
}

export const CHANGE: ToolView = {
  input: changeInput,
  facts: ({ outcome, tool }) => [
    tool === "Write" &&
      (outcome.type === "create"
        ? { text: "New file", tone: "good" }
        : outcome.type === "update" && "Overwritten"),
    outcome.userModified === true && { text: "Changed by the user before it was applied", tone: "warn" },
    textField(outcome, "error") !== null && { text: textField(outcome, "error") ?? "", tone: "bad" },
  ],
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

const GREP_SHOWN = [
  "pattern",
  "path",
  "glob",
  "type",
  "output_mode",
  "-i",
  "-n",
  "-A",
  "-B",
  "-C",
  "head_limit",
  "multiline",
];
const MODES: Record<string, string> = {
  content: "Matching lines",
  files_with_matches: "Names of files",
  count: "Counts per file",
};

export const GREP: ToolView = {
  input: ({ input }) => {
    const [pattern, path, glob, type] = ["pattern", "path", "glob", "type"].map((name) =>
      textField(input, name),
    );
    const mode = textField(input, "output_mode");
    const around = ["-A", "-B", "-C"].filter((name) => numberField(input, name) !== null);
    return (
      <>
        {pattern != null && <Subject name="pattern" text={pattern} />}
        {path != null && <Subject name="in" text={path} />}
        <Traits
          traits={[
            mode !== null && (Object.hasOwn(MODES, mode) ? MODES[mode] : mode),
            glob != null && `Files ${glob}`,
            type != null && `Type ${type}`,
            input["-i"] === true && "Any case",
            input.multiline === true && "Across lines",
            ...around.map((name) => `${name} ${numberField(input, name)}`),
            numberField(input, "head_limit") !== null && `First ${numberField(input, "head_limit")}`,
          ]}
        />
        <Fields fields={input} without={GREP_SHOWN.filter((name) => typeof input[name] !== "object")} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const [files, lines, matches] = [
      numberField(outcome, "numFiles"),
      numberField(outcome, "numLines"),
      numberField(outcome, "numMatches"),
    ];
    const isList = outcome.mode !== "content";
    return [
      isList && files !== null && counted(files, "file"),
      lines !== null && counted(lines, "line"),
      matches !== null && counted(matches, "match", "matches"),
      numberField(outcome, "appliedLimit") !== null && {
        text: `Cut at ${formatCount(numberField(outcome, "appliedLimit"))}`,
        tone: "warn",
      },
    ];
  },
  output: ({ input, outcome, project }) => {
    const content = textField(outcome, "content");
    if (content !== null) {
      const literals = literalsOf(textField(input, "pattern") ?? "");
      return (
        <Found content={content} literals={literals} ignoreCase={input["-i"] === true} project={project} />
      );
    }
    return fileList(outcome, project);
  },
};

function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function fileList(outcome: FieldsOf, project: string | null) {
  if (!Array.isArray(outcome.filenames)) return null;
  const names = texts(outcome.filenames);
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
    const [pattern, path] = [textField(input, "pattern"), textField(input, "path")];
    return (
      <>
        {pattern !== null && <Subject name="pattern" text={pattern} />}
        {path !== null && <Subject name="in" text={path} />}
        <Fields
          fields={input}
          without={[...(pattern === null ? [] : ["pattern"]), ...(path === null ? [] : ["path"])]}
        />
      </>
    );
  },
  facts: ({ outcome }) => {
    const [files, took] = [numberField(outcome, "numFiles"), numberField(outcome, "durationMs")];
    return [
      files !== null && counted(files, "file"),
      took !== null && formatDuration(took),
      outcome.truncated === true && { text: "More were found than are listed", tone: "warn" },
    ];
  },
  output: ({ outcome, project }: ResultScene) => fileList(outcome, project),
};

export const LIST: ToolView = {
  input: ({ input }) => (
    <>
      {textField(input, "path") !== null && <Subject name="folder" text={textField(input, "path") ?? ""} />}
      <Fields fields={input} without={textField(input, "path") === null ? [] : ["path"]} />
    </>
  ),
};

/** What an attachment says of a file: its path and its text. */
export function AttachedFile({ path, text, start }: { path: string; text: string; start: number | null }) {
  const label = start !== null && start > 1 ? `from line ${start}` : "file";
  return <Part part={{ ...NO_PART, kind: "code", label, text, path }} />;
}

/** Findings of compilers and linters, file by file. */
export function Diagnostics({ files }: { files: unknown }) {
  const listed = records(files);
  if (listed.length === 0) return <Notice text="No findings are recorded." />;
  return listed.map((file, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the findings of a stored line never change
    <Block key={index} label="diagnostics" path={textField(file, "uri") ?? textField(file, "path")}>
      <ul className="sr-names">
        {records(file.diagnostics).map((one, place) => {
          const line = numberField(record(record(one.range).start), "line");
          const words = [
            textField(one, "severity"),
            line === null ? null : `line ${line + 1}`,
            textField(one, "message"),
            [textField(one, "source"), textField(one, "code")].filter(Boolean).join(" ") || null,
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
