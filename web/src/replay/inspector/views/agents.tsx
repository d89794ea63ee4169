/** Subagents, and what is said to them. */
import { Link } from "@tanstack/react-router";
import { formatCount, formatDuration, formatShort } from "../../../format";
import { keptOnTheWay } from "../../address";
import { Code } from "../../text/Code";
import { Markdown } from "../../text/Markdown";
import { Glyph } from "../../trace/EntryMark";
import { LongBlock } from "../Part";
import { Fields, Lead, NameList, Subject, type Trait, Traits, wordsOf } from "./pieces";
import type { CallScene, ResultScene, ToolView } from "./view";

function spawnInput({ input, call, result }: CallScene) {
  const prompt = input.text("prompt");
  const [type, model, name] = ["subagent_type", "model", "name"].map((field) => input.text(field));
  const session = call.subagent_session_id ?? result?.subagent_session_id ?? null;
  return (
    <>
      <Lead text={input.text("description")} />
      <Traits
        traits={[
          type != null && { text: type, title: "Type of the agent" },
          name != null && `Named ${name}`,
          model != null && { text: model, title: "Model asked for" },
          input.flag("run_in_background") && "In the background",
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
      <Fields fields={input.rest()} />
    </>
  );
}

function spawnFacts({ outcome }: ResultScene): (Trait | string | false)[] {
  const status = outcome.text("status");
  const [took, tokens, tools] = ["totalDurationMs", "totalTokens", "totalToolUseCount"].map((name) =>
    outcome.amount(name),
  );
  const model = outcome.text("resolvedModel");
  const agent = outcome.text("agentId");
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
  const report = (outcome.records("content") ?? [])
    .map((block) => block.text("text") ?? wordsOf(block.rest()))
    .join("\n\n");
  const file = outcome.text("outputFile");
  const tools = outcome.texts("toolsUsed");
  if (report === "" && file === null) return null;
  return (
    <>
      {report !== "" && (
        <LongBlock label="report" text={report}>
          {(text) => <Markdown text={text} />}
        </LongBlock>
      )}
      {file !== null && <Subject name="output" text={file} />}
      <NameList label="tools used" names={tools} />
    </>
  );
}

export const SPAWN: ToolView = { input: spawnInput, facts: spawnFacts, output: spawnOutput };

export const MESSAGE: ToolView = {
  input: ({ input }) => {
    const to = input.text("to") ?? input.text("recipient");
    const message = input.text("message") ?? input.text("content");
    return (
      <>
        {to !== null && <Subject name="to" text={to} />}
        <Lead text={input.text("summary")} />
        {message !== null && (
          <LongBlock label="message" text={message}>
            {(text) => <Markdown text={text} />}
          </LongBlock>
        )}
        <Fields fields={input.rest()} />
      </>
    );
  },
  output: ({ outcome }) => {
    const message = outcome.text("message");
    return message === null ? null : <Lead text={message} />;
  },
};

export const WORKFLOW: ToolView = {
  input: ({ input }) => {
    const script = input.text("script");
    return (
      <>
        {script !== null && (
          <LongBlock label="script" text={script}>
            {(text) => <Code text={text} language="javascript" />}
          </LongBlock>
        )}
        <Fields fields={input.rest()} />
      </>
    );
  },
  output: ({ outcome }) => {
    const fields = outcome.rest();
    return Object.keys(fields).length === 0 ? null : <Fields fields={fields} />;
  },
};

export const SKILL: ToolView = {
  input: ({ input }) => {
    const [skill, given] = [input.text("skill"), input.text("args")];
    const name = skill ?? input.text("command");
    return (
      <>
        {name !== null && <Subject name={skill === null ? "command" : "skill"} text={name} />}
        {given !== null && <Subject name="with" text={given} />}
        <Fields fields={input.rest()} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const model = outcome.text("model");
    return [model !== null && `Model ${model}`];
  },
  output: ({ result, outcome }) => {
    const tools = outcome.texts("allowedTools") ?? [];
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
    const query = input.text("query");
    return (
      <>
        {query !== null && <Subject name="query" text={query} />}
        <Fields fields={input.rest()} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const total = outcome.amount("total_deferred_tools");
    return [total !== null && `of ${formatCount(total)} tools that are loaded on demand`];
  },
  output: ({ outcome }) => {
    const names = outcome
      .members("matches")
      ?.map((one) => (typeof one === "string" ? one : (one.text("name") ?? wordsOf(one.rest()))));
    if (names === undefined) return null;
    return names.length === 0 ? (
      <p className="sr-empty">Nothing was found.</p>
    ) : (
      <NameList label="tools" names={names} />
    );
  },
};
