import type { EntryWhole, FileDiff } from "../../shapes";
import { JsonTree } from "../../text/JsonTree";
import { Block, Part } from "../Part";
import { type Fields as FieldsOf, toolInput, toolOutcome } from "../rawLine";
import { Reading } from "../reading";
import { MESSAGE, SKILL, SPAWN, TOOL_SEARCH, WORKFLOW } from "./agents";
import { BACKGROUND_OUTPUT, COMMAND, KILL, TASK_OUTPUT } from "./commands";
import { CHANGE, GLOB, GREP, LIST, READ } from "./files";
import { Fields, Subject, Traits } from "./pieces";
import { ENTER_PLAN, PLAN, QUESTIONS, TODOS } from "./plans";
import type { CallScene, ToolView } from "./view";
import { FETCH, SEARCH } from "./web";

const VIEWS: Record<string, ToolView> = {
  Agent: SPAWN,
  AskUserQuestion: QUESTIONS,
  Bash: COMMAND,
  BashOutput: BACKGROUND_OUTPUT,
  Edit: CHANGE,
  EnterPlanMode: ENTER_PLAN,
  ExitPlanMode: PLAN,
  Glob: GLOB,
  Grep: GREP,
  KillBash: KILL,
  KillShell: KILL,
  LS: LIST,
  MultiEdit: CHANGE,
  NotebookEdit: CHANGE,
  NotebookRead: READ,
  PowerShell: COMMAND,
  Read: READ,
  SendMessage: MESSAGE,
  Skill: SKILL,
  SlashCommand: SKILL,
  Task: SPAWN,
  TaskOutput: TASK_OUTPUT,
  TodoWrite: TODOS,
  ToolSearch: TOOL_SEARCH,
  WebFetch: FETCH,
  WebSearch: SEARCH,
  Workflow: WORKFLOW,
  Write: CHANGE,
};

/** A tool that the page does not know: its fields, and what came back as it came. */
const UNKNOWN: ToolView = {
  input: ({ input, tool }) => {
    const mcp = mcpOf(tool);
    return (
      <>
        {mcp !== null && (
          <>
            <Subject name="MCP server" text={mcp.server} />
            <Subject name="tool" text={mcp.tool} />
          </>
        )}
        {input.names().length === 0 ? (
          <p className="sr-empty">Called without arguments.</p>
        ) : (
          <Fields fields={input.rest()} />
        )}
      </>
    );
  },
};

interface Scene {
  call: EntryWhole;
  result: EntryWhole | null;
  diffs: readonly FileDiff[];
  project: string | null;
}

function sceneOf({ call, result, diffs, project }: Scene): [CallScene, ToolView] | null {
  const input = toolInput(call);
  if (input === null) return null;
  const tool = call.tool ?? "";
  const outcome = result === null || result.is_error ? {} : toolOutcome(result);
  // A tool may be called `constructor`.
  const view = (Object.hasOwn(VIEWS, tool) ? VIEWS[tool] : undefined) ?? UNKNOWN;
  const scene = {
    tool,
    input: new Reading(input),
    call,
    result,
    outcome: new Reading(outcome),
    diffs,
    project,
  };
  return [scene, view];
}

/** What a call was asked to do, in the form that fits its tool. */
export function ToolInput(props: Scene) {
  const scene = sceneOf(props);
  if (scene === null) return <Parts whole={props.call} />;
  const [call, view] = scene;
  return (
    <>
      {view.input(call)}
      <Noted fields={call.outcome.odd()} />
    </>
  );
}

/** What came back. */
export function ToolOutput(props: Scene & { result: EntryWhole }) {
  const scene = sceneOf(props);
  const { result } = props;
  if (scene === null) return <Parts whole={result} />;
  const [call, view] = scene;
  const withResult = { ...call, result };
  const isCommand = view === COMMAND;
  const facts = view.facts?.(withResult) ?? [];
  const output = !result.is_error || isCommand ? view.output?.(withResult) : null;
  return (
    <>
      <Traits traits={facts} />
      {output ?? <Parts whole={result} />}
      {/* Of an unknown tool nobody can say whether the text has it all. */}
      <Noted fields={view === UNKNOWN ? call.outcome.rest() : call.outcome.odd()} />
    </>
  );
}

/** What the client noted beside the text, and what no view can show in another form. */
function Noted({ fields }: { fields: FieldsOf }) {
  if (Object.keys(fields).length === 0) return null;
  return (
    <Block label="noted by the client" copy={() => JSON.stringify(fields, null, 2)}>
      <JsonTree value={fields} />
    </Block>
  );
}

function mcpOf(name: string): { server: string; tool: string } | null {
  const parts = /^mcp__(.+?)__(.+)$/.exec(name);
  return parts ? { server: parts[1] ?? "", tool: parts[2] ?? "" } : null;
}

/** The parts of an entry as the server drew them. */
export function Parts({ whole }: { whole: EntryWhole }) {
  if (whole.content.every((part) => part.text !== null && part.text.trim() === ""))
    return <p className="sr-empty">Nothing was written here.</p>;
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a stored line never change
  return whole.content.map((part, index) => <Part key={index} part={part} />);
}
