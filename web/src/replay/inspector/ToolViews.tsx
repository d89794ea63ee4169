import type { ReactNode } from "react";
import type { EntryWhole } from "../shapes";
import { Code } from "../text/Code";
import { JsonTree } from "../text/JsonTree";
import { Markdown, safeAddress } from "../text/Markdown";
import { VisibleText } from "../text/VisibleText";
import { Block, Part } from "./Part";
import { isRecord, type ToolInput, textField, toolInput } from "./toolInput";

type View = (input: ToolInput, whole: EntryWhole) => ReactNode;

/** What a call was asked to do, in the form that fits its tool; an unknown tool gets its fields. */
export function ToolCall({ whole }: { whole: EntryWhole }) {
  const input = toolInput(whole);
  const tool = whole.tool ?? "";
  // A tool may be called `constructor`.
  const view = Object.hasOwn(VIEWS, tool) ? VIEWS[tool] : undefined;
  if (input && view) return view(input, whole);
  const parts = whole.content.filter((part) => !(part.kind === "json" && part.label === "input"));
  return (
    <>
      <McpServer tool={whole.tool} />
      {input && parts.length === 0 ? <Fields input={input} /> : whole.content.map(keyedPart)}
    </>
  );
}

const edited: View = (input, whole) => (
  <>
    <Fields input={input} without={["old_string", "new_string", "new_source", "content", "edits"]} />
    {whole.has_diff ? <p className="sr-note">The change itself is in the Diff tab.</p> : null}
    {typeof input.old_string === "string" && (
      <TextBlock label="replaces" text={input.old_string} path={input.file_path} />
    )}
    {typeof input.new_string === "string" && (
      <TextBlock label="by" text={input.new_string} path={input.file_path} />
    )}
    {typeof input.content === "string" && (
      <TextBlock label="content" text={input.content} path={input.file_path} />
    )}
    {typeof input.new_source === "string" && (
      <TextBlock label="new source" text={input.new_source} path={input.notebook_path} />
    )}
    {Array.isArray(input.edits) && (
      <Block label={`${input.edits.length} edits`}>
        <JsonTree value={input.edits} />
      </Block>
    )}
  </>
);

const spawned: View = (input) => (
  <>
    <Fields input={input} without={["prompt"]} />
    <Block label="prompt" copy={textField(input, "prompt")}>
      <Markdown text={textField(input, "prompt") ?? ""} />
    </Block>
  </>
);

const VIEWS: Record<string, View> = {
  Bash: (input) => (
    <>
      {textField(input, "description") && (
        <p className="sr-lead">
          <VisibleText text={textField(input, "description") ?? ""} />
        </p>
      )}
      <Block label="command" copy={textField(input, "command")}>
        <Code text={textField(input, "command") ?? ""} language="bash" />
      </Block>
      <Fields input={input} without={["command", "description"]} />
    </>
  ),
  Edit: edited,
  MultiEdit: edited,
  Write: edited,
  NotebookEdit: edited,
  Task: spawned,
  Agent: spawned,
  TodoWrite: (input) => <Checklist todos={input.todos} />,
  ExitPlanMode: (input) => (
    <>
      <Block label="plan" copy={textField(input, "plan")}>
        <Markdown text={textField(input, "plan") ?? "The call holds no plan; it lies in a file beside it."} />
      </Block>
      <Fields input={input} without={["plan"]} />
    </>
  ),
  AskUserQuestion: (input) => <Questions questions={input.questions} rest={input} />,
  WebFetch: (input) => (
    <>
      <Address address={textField(input, "url")} />
      <Block label="prompt" copy={textField(input, "prompt")}>
        <Markdown text={textField(input, "prompt") ?? ""} />
      </Block>
      <Fields input={input} without={["url", "prompt"]} />
    </>
  ),
};

function keyedPart(part: EntryWhole["content"][number], index: number): ReactNode {
  return <Part key={index} part={part} />;
}

function McpServer({ tool }: { tool: string | null }) {
  const parts = /^mcp__(.+?)__(.+)$/.exec(tool ?? "");
  if (!parts) return null;
  return (
    <dl className="sr-fields">
      <dt>MCP server</dt>
      <dd>
        <VisibleText text={parts[1] ?? ""} />
      </dd>
      <dt>tool</dt>
      <dd>
        <VisibleText text={parts[2] ?? ""} />
      </dd>
    </dl>
  );
}

function TextBlock({ label, text, path }: { label: string; text: string; path: unknown }) {
  return (
    <Block label={label} copy={text}>
      <Code text={text} language={typeof path === "string" ? languageOf(path) : null} />
    </Block>
  );
}

/** The address of a fetch: one that a person may follow by hand, never loaded by itself. */
function Address({ address }: { address: string | null }) {
  if (address === null) return null;
  const safe = safeAddress(address);
  return (
    <dl className="sr-fields">
      <dt>url</dt>
      <dd>
        {safe ? (
          <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
            <VisibleText text={address} />
          </a>
        ) : (
          <VisibleText text={address} />
        )}
      </dd>
    </dl>
  );
}

const LINE_CHARACTERS_MAX = 160;

/** What a call is about stands above how it is to be done. */
const FIRST = new Set([
  "file_path",
  "notebook_path",
  "path",
  "pattern",
  "query",
  "url",
  "command",
  "skill",
  "description",
]);

/** Fields of an input: short ones in a list, long texts as blocks, the rest as trees. */
export function Fields({ input, without = [] }: { input: ToolInput; without?: readonly string[] }) {
  const fields = Object.entries(input)
    .filter(([name]) => !without.includes(name))
    .sort(([one], [other]) => Number(FIRST.has(other)) - Number(FIRST.has(one)));
  const short = fields.filter(([, value]) => isShort(value));
  const long = fields.filter(([, value]) => !isShort(value));
  return (
    <>
      {short.length > 0 && (
        <dl className="sr-fields">
          {short.map(([name, value]) => (
            <Field key={name} name={name} value={value} />
          ))}
        </dl>
      )}
      {long.map(([name, value]) => (
        <Block
          key={name}
          label={name}
          copy={typeof value === "string" ? value : JSON.stringify(value, null, 2)}
        >
          {typeof value === "string" ? <Code text={value} /> : <JsonTree value={value} />}
        </Block>
      ))}
    </>
  );
}

function Field({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt>
        <VisibleText text={name} />
      </dt>
      <dd>
        <VisibleText text={typeof value === "string" ? value : JSON.stringify(value)} />
      </dd>
    </>
  );
}

function isShort(value: unknown): boolean {
  if (typeof value === "string") return value.length <= LINE_CHARACTERS_MAX && !value.includes("\n");
  return typeof value !== "object" || value === null;
}

const TODO_WORDS: Record<string, string> = { completed: "done", in_progress: "in progress", pending: "open" };

function Checklist({ todos }: { todos: unknown }) {
  if (!Array.isArray(todos)) return <JsonTree value={todos} />;
  return (
    <ul className="sr-todos">
      {todos.map((todo, index) => {
        const item = isRecord(todo) ? todo : { content: String(todo) };
        const status = typeof item.status === "string" ? item.status : "pending";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: todos have no identity, and the list never changes
          <li key={index} className={`sr-todo-${status}`}>
            <span className="sr-todo-mark">{TODO_WORDS[status] ?? status}</span>
            <VisibleText text={String(item.content ?? item.subject ?? "")} />
          </li>
        );
      })}
    </ul>
  );
}

function Questions({ questions, rest }: { questions: unknown; rest: ToolInput }) {
  if (!Array.isArray(questions)) return <Fields input={rest} />;
  return (
    <>
      {questions.filter(isRecord).map((question, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: questions have no identity, and the list never changes
        <section key={index} className="sr-question">
          <h3>
            <VisibleText text={String(question.question ?? question.header ?? "")} />
          </h3>
          {Array.isArray(question.options) && (
            <ul>
              {question.options.map((option) => (
                <Option key={JSON.stringify(option)} option={option} />
              ))}
            </ul>
          )}
        </section>
      ))}
      <Fields input={rest} without={["questions"]} />
    </>
  );
}

function Option({ option }: { option: unknown }) {
  if (!isRecord(option)) return <li>{String(option)}</li>;
  return (
    <li>
      <b>
        <VisibleText text={String(option.label ?? "")} />
      </b>{" "}
      <VisibleText text={String(option.description ?? "")} />
    </li>
  );
}

const LANGUAGES: Record<string, string> = {
  bash: "bash",
  c: "c",
  cc: "cpp",
  cpp: "cpp",
  cs: "csharp",
  css: "css",
  go: "go",
  h: "c",
  html: "xml",
  ini: "ini",
  ipynb: "json",
  java: "java",
  js: "javascript",
  json: "json",
  jsonl: "json",
  jsx: "javascript",
  kt: "kotlin",
  lua: "lua",
  md: "markdown",
  mjs: "javascript",
  php: "php",
  pl: "perl",
  py: "python",
  pyi: "python",
  r: "r",
  rb: "ruby",
  rs: "rust",
  scss: "scss",
  sh: "bash",
  sql: "sql",
  swift: "swift",
  toml: "ini",
  ts: "typescript",
  tsx: "typescript",
  xml: "xml",
  yaml: "yaml",
  yml: "yaml",
};

/** The highlighter's name for a file's language, by its suffix; null for one that it does not know. */
export function languageOf(path: string): string | null {
  const name = path.split(/[/\\]/).at(-1) ?? "";
  if (/^(?:GNU)?[Mm]akefile$/.test(name)) return "makefile";
  const suffix = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase();
  return suffix !== undefined && Object.hasOwn(LANGUAGES, suffix) ? (LANGUAGES[suffix] ?? null) : null;
}
