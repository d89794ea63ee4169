/** Subagents, and what is said to them. */
import { Link } from "@tanstack/react-router";
import { formatCount, formatDuration, formatShort } from "../../../format";
import { keptOnTheWay } from "../../address";
import { Code } from "../../text/Code";
import { Markdown } from "../../text/Markdown";
import { Glyph } from "../../trace/EntryMark";
import { LongBlock } from "../Part";
import { numberField, record, records, textField, texts } from "../rawLine";
import { Fields, Lead, NameList, Subject, type Trait, Traits } from "./pieces";
import type { CallScene, ResultScene, ToolView } from "./view";

const SPAWN_SHOWN = ["prompt", "description", "subagent_type", "model", "run_in_background", "name"];

function spawnInput({ input, call, result }: CallScene) {
  const prompt = textField(input, "prompt");
  const [type, model, name] = ["subagent_type", "model", "name"].map((field) => textField(input, field));
  const session = call.subagent_session_id ?? result?.subagent_session_id ?? null;
  return (
    <>
      <Lead text={textField(input, "description")} />
      <Traits
        traits={[
          type != null && { text: type, title: "Type of the agent" },
          name != null && `Named ${name}`,
          model != null && { text: model, title: "Model asked for" },
          input.run_in_background === true && "In the background",
        ]}
      />
      {session !== null && (
        <p className="sr-subagent">
          <Link
            className="sr-subagent-link"
            to="/replay/$sessionId"
            params={{ sessionId: session }}
            search={(search) => keptOnTheWay(search)}
          >
            <Glyph name="agent" /> Open subagent
          </Link>
        </p>
      )}
      {prompt !== null && (
        <LongBlock label="prompt" text={prompt}>
          {(text) => <Markdown text={text} />}
        </LongBlock>
      )}
      <Fields fields={input} without={SPAWN_SHOWN.filter((field) => typeof input[field] !== "object")} />
    </>
  );
}

function spawnFacts({ outcome }: ResultScene): (Trait | string | false)[] {
  const status = textField(outcome, "status");
  const [took, tokens, tools] = ["totalDurationMs", "totalTokens", "totalToolUseCount"].map((name) =>
    numberField(outcome, name),
  );
  const model = textField(outcome, "resolvedModel");
  const agent = textField(outcome, "agentId");
  return [
    status !== null && {
      text: status === "async_launched" ? "Runs in the background" : status,
      tone: status === "completed" ? "good" : "plain",
    },
    took != null && formatDuration(took),
    tokens != null && { text: `${formatShort(tokens)} tokens`, title: `${formatCount(tokens)} tokens` },
    tools != null && `${formatCount(tools)} tool ${tools === 1 ? "call" : "calls"}`,
    model !== null && { text: model, title: "Model" },
    agent !== null && { text: `Agent ${agent}`, title: "Agent id" },
  ];
}

function spawnOutput({ outcome }: ResultScene) {
  const report = records(outcome.content)
    .map((block) => textField(block, "text"))
    .filter((text) => text !== null)
    .join("\n\n");
  const file = textField(outcome, "outputFile");
  if (report === "" && file === null) return null;
  return (
    <>
      {report !== "" && (
        <LongBlock label="report" text={report}>
          {(text) => <Markdown text={text} />}
        </LongBlock>
      )}
      {file !== null && <Subject name="output" text={file} />}
      <NameList label="tools used" names={texts(outcome.toolsUsed)} />
    </>
  );
}

export const SPAWN: ToolView = { input: spawnInput, facts: spawnFacts, output: spawnOutput };

export const MESSAGE: ToolView = {
  input: ({ input }) => {
    const to = textField(input, "to") ?? textField(input, "recipient");
    const message = textField(input, "message") ?? textField(input, "content");
    return (
      <>
        {to !== null && <Subject name="to" text={to} />}
        <Lead text={textField(input, "summary")} />
        {message !== null && (
          <LongBlock label="message" text={message}>
            {(text) => <Markdown text={text} />}
          </LongBlock>
        )}
        <Fields
          fields={Object.fromEntries(
            Object.entries(input).filter(
              ([name, value]) => value !== to && value !== message && name !== "summary",
            ),
          )}
        />
      </>
    );
  },
  output: ({ outcome }) => {
    const message = textField(outcome, "message");
    return message === null ? null : <Lead text={message} />;
  },
};

export const WORKFLOW: ToolView = {
  input: ({ input }) => {
    const script = textField(input, "script");
    return (
      <>
        {script !== null && (
          <LongBlock label="script" text={script}>
            {(text) => <Code text={text} language="javascript" />}
          </LongBlock>
        )}
        <Fields fields={input} without={script === null ? [] : ["script"]} />
      </>
    );
  },
  output: ({ outcome }) => (Object.keys(outcome).length === 0 ? null : <Fields fields={outcome} />),
};

export const SKILL: ToolView = {
  input: ({ input }) => {
    const name = textField(input, "skill") ?? textField(input, "command");
    const given = textField(input, "args");
    return (
      <>
        {name !== null && (
          <Subject name={textField(input, "skill") === null ? "command" : "skill"} text={name} />
        )}
        {given !== null && <Subject name="with" text={given} />}
        <Fields
          fields={input}
          without={[...(name === null ? [] : ["skill", "command"]), ...(given === null ? [] : ["args"])]}
        />
      </>
    );
  },
  facts: ({ outcome }) => [textField(outcome, "model") !== null && `Model ${textField(outcome, "model")}`],
  output: ({ result, outcome }) => {
    const tools = texts(outcome.allowedTools);
    if (tools.length === 0) return null;
    return (
      <>
        <Lead text={result.content.find((part) => part.text !== null)?.text ?? null} />
        <NameList label="tools it may use" names={tools} />
      </>
    );
  },
};

export const TOOL_SEARCH: ToolView = {
  input: ({ input }) => {
    const query = textField(input, "query");
    return (
      <>
        {query !== null && <Subject name="query" text={query} />}
        <Fields fields={input} without={query === null ? [] : ["query"]} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const total = numberField(outcome, "total_deferred_tools");
    return [total !== null && `of ${formatCount(total)} tools that are loaded on demand`];
  },
  output: ({ outcome }) => {
    if (!Array.isArray(outcome.matches)) return null;
    const names = outcome.matches.map((one) =>
      typeof one === "string" ? one : String(record(one).name ?? ""),
    );
    return names.length === 0 ? (
      <p className="sr-empty">Nothing was found.</p>
    ) : (
      <NameList label="tools" names={names} />
    );
  },
};
