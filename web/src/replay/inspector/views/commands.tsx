/** Commands and what runs behind them. */
import { formatBytes, formatDuration } from "../../../format";
import { Code } from "../../text/Code";
import { Terminal } from "../../text/Terminal";
import { Block, LongBlock, Part } from "../Part";
import { type Fields as FieldsOf, numberField, record, textField, texts } from "../rawLine";
import { Fields, Lead, NameList, Subject, type Trait, Traits } from "./pieces";
import type { CallScene, ResultScene, ToolView } from "./view";

const INPUT_SHOWN = ["command", "description", "timeout", "run_in_background", "dangerouslyDisableSandbox"];

function commandInput({ tool, input }: CallScene) {
  const command = textField(input, "command");
  const timeout = numberField(input, "timeout");
  return (
    <>
      <Lead text={textField(input, "description")} />
      {command !== null && (
        <Block label="command" copy={command}>
          <Code text={command} language={tool === "PowerShell" ? "powershell" : "bash"} />
        </Block>
      )}
      <Traits
        traits={[
          timeout !== null && { text: `Timeout ${formatDuration(timeout)}`, title: `timeout: ${timeout} ms` },
          input.run_in_background === true && "In the background",
          input.dangerouslyDisableSandbox === true && {
            text: "Outside the sandbox",
            tone: "warn",
            title: "dangerouslyDisableSandbox",
          },
        ]}
      />
      <Fields fields={input} without={INPUT_SHOWN.filter((name) => isShown(input, name))} />
    </>
  );
}

/** A field of another type than expected is not shown above, so it must be among the others. */
function isShown(input: FieldsOf, name: string): boolean {
  if (name === "timeout") return numberField(input, name) !== null;
  if (name === "command" || name === "description") return textField(input, name) !== null;
  return true;
}

function commandFacts({ result, outcome }: ResultScene): (Trait | string | false | null)[] {
  const tool = record(result.meta.tool);
  const exit = numberField(tool, "exit_code");
  const background = textField(tool, "background_task_id");
  const size = numberField(outcome, "persistedOutputSize");
  return [
    exit !== null && { text: `Exit code ${exit}`, tone: exit === 0 ? "good" : "bad" },
    textField(outcome, "returnCodeInterpretation"),
    tool.interrupted === true && { text: "Interrupted", tone: "bad" },
    background !== null && `Runs in the background as ${background}`,
    outcome.sandbox === true && "In the sandbox",
    size !== null && `Whole output ${formatBytes(size)}`,
  ];
}

const EXIT_LINE = /^(?:Error: )?Exit code \d{1,5}\s*?(?:\n|$)/;

/** The parts, without the line that only repeats the exit code. */
function commandOutput({ result, outcome }: ResultScene) {
  const exit = numberField(record(result.meta.tool), "exit_code");
  const changed = texts(record(outcome.bashEditDiff).changedFiles);
  return (
    <>
      {result.content.map((part, index) => {
        const text = part.text ?? "";
        const rest = exit !== null && part.label === "error" ? text.replace(EXIT_LINE, "") : text;
        if (rest === "" && text !== "") return null;
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a stored line never change
        return <Part key={index} part={rest === text ? part : { ...part, text: rest }} />;
      })}
      <NameList label="files changed by the command, no diff recorded" names={changed} />
    </>
  );
}

export const COMMAND: ToolView = { input: commandInput, facts: commandFacts, output: commandOutput };

const STATES: Record<string, Trait["tone"]> = {
  completed: "good",
  failed: "bad",
  killed: "bad",
  timeout: "warn",
};

function stateTrait(state: string | null): Trait | false {
  if (state === null) return false;
  return { text: state, tone: Object.hasOwn(STATES, state) ? (STATES[state] ?? "plain") : "plain" };
}

function exitTrait(outcome: FieldsOf): Trait | false {
  const exit = numberField(outcome, "exitCode");
  return exit !== null && { text: `Exit code ${exit}`, tone: exit === 0 ? "good" : "bad" };
}

function Output({ label, text }: { label: string; text: string }) {
  return (
    <LongBlock label={label} text={text}>
      {(shown) => <Terminal text={shown} />}
    </LongBlock>
  );
}

/** What a command in the background has written so far. */
export const BACKGROUND_OUTPUT: ToolView = {
  input: ({ input }) => <Shell input={input} />,
  facts: ({ outcome }) => [stateTrait(textField(outcome, "status")), exitTrait(outcome)],
  output: ({ outcome }) => {
    const command = textField(outcome, "command");
    if (command === null) return null;
    const [out, err] = [textField(outcome, "stdout"), textField(outcome, "stderr")];
    return (
      <>
        <Block label="command" copy={command}>
          <Code text={command} language="bash" />
        </Block>
        {out !== null && <Output label="stdout" text={out} />}
        {err !== null && <Output label="stderr" text={err} />}
        {out === null && err === null && <p className="sr-empty">No new output.</p>}
      </>
    );
  },
};

function Shell({ input }: { input: FieldsOf }) {
  const id = textField(input, "bash_id") ?? textField(input, "shell_id") ?? textField(input, "task_id");
  return (
    <>
      {id !== null && <Subject name="shell" text={id} />}
      <Fields fields={input} without={id === null ? [] : ["bash_id", "shell_id", "task_id"]} />
    </>
  );
}

export const KILL: ToolView = {
  input: ({ input }) => <Shell input={input} />,
  output: ({ outcome }) => {
    const message = textField(outcome, "message");
    return message === null ? null : <Lead text={message} />;
  },
};

/** A task in the background: a command or an agent. */
export const TASK_OUTPUT: ToolView = {
  input: ({ input }) => {
    const timeout = numberField(input, "timeout");
    return (
      <>
        <Shell
          input={Object.fromEntries(
            Object.entries(input).filter(
              ([name]) => name !== "block" && (name !== "timeout" || timeout === null),
            ),
          )}
        />
        <Traits
          traits={[
            input.block === true && "Waits for the end",
            timeout !== null && `Timeout ${formatDuration(timeout)}`,
          ]}
        />
      </>
    );
  },
  facts: ({ outcome }) => {
    const task = record(outcome.task);
    const retrieval = textField(outcome, "retrieval_status");
    return [
      stateTrait(textField(task, "status")),
      exitTrait(task),
      retrieval !== null && retrieval !== "success" && { text: `retrieval: ${retrieval}`, tone: "warn" },
      textField(task, "task_type"),
    ];
  },
  output: ({ outcome }) => {
    const task = record(outcome.task);
    const output = textField(task, "output") ?? textField(task, "result");
    if (output === null) return null;
    return (
      <>
        <Lead text={textField(task, "description")} />
        <Output label="output" text={output} />
      </>
    );
  },
};
