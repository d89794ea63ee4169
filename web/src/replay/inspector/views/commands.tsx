/** Commands and what runs behind them. */
import type { ReactNode } from "react";
import { formatBytes, formatDuration } from "../../../format";
import { Code } from "../../text/Code";
import { Terminal } from "../../text/Terminal";
import { Block, LongBlock, Part } from "../Part";
import { numberField, record, textField } from "../rawLine";
import type { Reading } from "../reading";
import { Fields, Lead, NameList, Subject, type Trait, Traits } from "./pieces";
import type { CallScene, ResultScene, ToolView } from "./view";

function commandInput({ tool, input }: CallScene) {
  const command = input.text("command");
  const timeout = input.amount("timeout");
  return (
    <>
      <Lead text={input.text("description")} />
      {command !== null && (
        <Block label="command" copy={command}>
          <Code text={command} language={tool === "PowerShell" ? "powershell" : "bash"} />
        </Block>
      )}
      <Traits
        traits={[
          timeout !== null && { text: `Timeout ${formatDuration(timeout)}`, title: `timeout: ${timeout} ms` },
          input.flag("run_in_background") && "In the background",
          input.flag("dangerouslyDisableSandbox") && {
            text: "Outside the sandbox",
            tone: "warn",
            title: "dangerouslyDisableSandbox",
          },
        ]}
      />
      <Fields fields={input.rest()} />
    </>
  );
}

function commandFacts({ result, outcome }: ResultScene): (Trait | string | false | null)[] {
  const tool = record(result.meta.tool);
  const exit = numberField(tool, "exit_code");
  const background = textField(tool, "background_task_id");
  const size = outcome.amount("persistedOutputSize");
  return [
    exit !== null && { text: `Exit code ${exit}`, tone: exit === 0 ? "good" : "bad" },
    outcome.text("returnCodeInterpretation"),
    tool.interrupted === true && { text: "Interrupted", tone: "bad" },
    background !== null && `Runs in the background as ${background}`,
    outcome.flag("sandbox") && "In the sandbox",
    size !== null && `Whole output ${formatBytes(size)}`,
  ];
}

const EXIT_LINE = /^(?:Error: )?Exit code \d{1,5}\s*?(?:\n|$)/;

/** The parts, without the line that only repeats the exit code. */
function commandOutput({ result, outcome }: ResultScene) {
  const exit = numberField(record(result.meta.tool), "exit_code");
  const changed = outcome.record("bashEditDiff").texts("changedFiles");
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

function exitTrait(outcome: Reading): Trait | false {
  const exit = outcome.number("exitCode");
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
  input: ({ input }) => shell(input),
  facts: ({ outcome }) => [stateTrait(outcome.text("status")), exitTrait(outcome)],
  output: ({ outcome }) => {
    const command = outcome.text("command");
    if (command === null) return null;
    const [out, err] = [outcome.output("stdout") || null, outcome.output("stderr") || null];
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

function shell(input: Reading): ReactNode {
  const id = input.text("bash_id") ?? input.text("shell_id") ?? input.text("task_id");
  return (
    <>
      {id !== null && <Subject name="shell" text={id} />}
      <Fields fields={input.rest()} />
    </>
  );
}

export const KILL: ToolView = {
  input: ({ input }) => shell(input),
  output: ({ outcome }) => {
    const message = outcome.text("message");
    return message === null ? null : <Lead text={message} />;
  },
};

/** A task in the background: a command or an agent. */
export const TASK_OUTPUT: ToolView = {
  input: ({ input }) => {
    const [waits, timeout] = [input.flag("block"), input.amount("timeout")];
    return (
      <>
        {shell(input)}
        <Traits
          traits={[waits && "Waits for the end", timeout !== null && `Timeout ${formatDuration(timeout)}`]}
        />
      </>
    );
  },
  facts: ({ outcome }) => {
    const task = outcome.record("task");
    const retrieval = outcome.text("retrieval_status");
    return [
      stateTrait(task.text("status")),
      exitTrait(task),
      retrieval !== null && retrieval !== "success" && { text: `retrieval: ${retrieval}`, tone: "warn" },
      task.text("task_type"),
    ];
  },
  output: ({ outcome }) => {
    const task = outcome.record("task");
    const output = task.text("output") ?? task.text("result");
    if (output === null) return null;
    return (
      <>
        <Lead text={task.text("description")} />
        <Output label="output" text={output} />
      </>
    );
  },
};
