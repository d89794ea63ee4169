/** Lines that are no messages: hooks, attachments, snapshots, notes of the client about itself. */
import type { ReactNode } from "react";
import { formatBytes, formatCount, formatDateTime, formatDuration } from "../../../format";
import { useZoneName } from "../../../timeZone";
import type { EntryWhole } from "../../shapes";
import { Code } from "../../text/Code";
import { Markdown } from "../../text/Markdown";
import { Terminal } from "../../text/Terminal";
import { VisibleText } from "../../text/VisibleText";
import { Block, LongBlock } from "../Part";
import {
  type Fields as FieldsOf,
  isRecord,
  lineOf,
  numberField,
  record,
  records,
  textField,
  texts,
} from "../rawLine";
import { taggedTexts } from "../tagged";
import { AttachedFile, Diagnostics } from "./files";
import { Address, Fields, Lead, NameList, Notice, Subject, type Trait, Traits } from "./pieces";
import { TaggedText } from "./TaggedText";
import { Parts } from "./ToolCall";

type View = (fields: FieldsOf, line: FieldsOf) => ReactNode;

/** An entry of a line that is no message, in the form that fits its kind; an unknown kind gets its fields. */
export function RecordView({ whole }: { whole: EntryWhole }) {
  const line = lineOf(whole);
  const [kind, subkind] = whole.raw_type.split("/", 2);
  const isBare = whole.content.some((part) => part.kind === "json" && WHOLE_LABELS.has(part.label ?? ""));
  if (kind === "attachment" && isRecord(line.attachment)) {
    const attachment = line.attachment;
    const view = subkind?.startsWith("hook_") ? hook : own(ATTACHMENTS, subkind);
    if (view === undefined && !isBare) return <Parts whole={whole} />;
    return (
      <>
        {view ? view(attachment, line) : <Fields fields={attachment} without={["type"]} />}
        <Rendered rendered={line.rendered} />
      </>
    );
  }
  if (kind === "progress" && isRecord(line.data)) {
    const view = own(PROGRESS, subkind);
    if (view) return view(line.data, line);
    return isBare ? <Fields fields={line.data} without={["type"]} /> : <Parts whole={whole} />;
  }
  const view = own(RECORDS, whole.raw_type);
  if (view) return view(line, line);
  if (!isBare || Object.keys(line).length === 0) return <Parts whole={whole} />;
  const tagged = typeof line.content === "string" ? taggedTexts(line.content) : null;
  return (
    <>
      {tagged !== null ? (
        <TaggedText parts={tagged} />
      ) : (
        typeof line.content === "string" && <Lead text={line.content} />
      )}
      <Fields
        fields={line}
        without={[...ENVELOPE, ...(typeof line.content === "string" ? ["content"] : [])]}
      />
    </>
  );
}

/** Labels of parts that only repeat the line. */
const WHOLE_LABELS = new Set(["record", "attachment", "progress"]);

function own(views: Record<string, View>, name: string | undefined): View | undefined {
  return name !== undefined && Object.hasOwn(views, name) ? views[name] : undefined;
}

/** What every line has: it stands in Meta. */
const ENVELOPE = (
  "type subtype uuid parentUuid logicalParentUuid timestamp sessionId session_id version cwd gitBranch userType isSidechain " +
  "entrypoint slug isMeta level"
).split(" ");

/** What the model was told in place of the record. */
function Rendered({ rendered }: { rendered: unknown }) {
  const told = records(rendered)
    .map((one) => textField(one, "content"))
    .filter((text) => text !== null)
    .join("\n\n");
  if (told === "") return null;
  return (
    <LongBlock label="as told to the model" text={told}>
      {(text) => <Code text={text} />}
    </LongBlock>
  );
}

const HOOK_WORDS: Record<string, Trait> = {
  hook_success: { text: "Succeeded", tone: "good" },
  hook_blocking_error: { text: "Blocked", tone: "bad" },
  hook_non_blocking_error: { text: "Failed, the session went on", tone: "warn" },
  hook_cancelled: { text: "Cancelled", tone: "warn" },
  hook_system_message: { text: "Message to the user" },
  hook_additional_context: { text: "Context for the model" },
};

function hook(fields: FieldsOf): ReactNode {
  const kind = textField(fields, "type") ?? "";
  const error = record(fields.blockingError);
  const command = textField(fields, "command") ?? textField(error, "command");
  const exit = numberField(fields, "exitCode");
  const took = numberField(fields, "durationMs");
  const content = typeof fields.content === "string" ? fields.content : texts(fields.content).join("\n\n");
  const [out, err] = [textField(fields, "stdout"), textField(fields, "stderr")];
  const said = textField(error, "blockingError") ?? textField(fields, "blockingError");
  return (
    <>
      <HookName fields={fields} />
      <Traits
        traits={[
          Object.hasOwn(HOOK_WORDS, kind) ? HOOK_WORDS[kind] : kind.replace("hook_", ""),
          exit !== null && { text: `Exit code ${exit}`, tone: exit === 0 ? "good" : "bad" },
          took !== null && formatDuration(took),
        ]}
      />
      {said !== null && <Notice tone="error" text={said} />}
      {command !== null && (
        <Block label="command" copy={command}>
          <Code text={command} language="bash" />
        </Block>
      )}
      {out !== null && <Output label="stdout" text={out} />}
      {err !== null && <Output label="stderr" text={err} />}
      {content.trim() !== "" && content.trim() !== out?.trim() && content.trim() !== said?.trim() && (
        <LongBlock label={kind === "hook_additional_context" ? "context" : "message"} text={content}>
          {(text) => <Markdown text={text} />}
        </LongBlock>
      )}
    </>
  );
}

function HookRuns({ hooks }: { hooks: unknown }) {
  return records(hooks).map((hook, index) => {
    const command = textField(hook, "command");
    const took = numberField(hook, "durationMs");
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the hooks of a stored line never change
      <Block key={index} label={`hook${took === null ? "" : `, ${formatCount(took)} ms`}`} copy={command}>
        <Code text={command ?? "(no command recorded)"} language="bash" />
      </Block>
    );
  });
}

function HookName({ fields }: { fields: FieldsOf }) {
  const name = textField(fields, "hookName") ?? textField(fields, "hookEvent");
  return name === null ? null : <Subject name="hook" text={name} />;
}

function Output({ label, text }: { label: string; text: string }) {
  return (
    <LongBlock label={label} text={text}>
      {(shown) => <Terminal text={shown} />}
    </LongBlock>
  );
}

function attachedFile(fields: FieldsOf): ReactNode {
  const content = record(fields.content);
  const file = record(content.file);
  const path =
    textField(file, "filePath") ?? textField(fields, "filename") ?? textField(fields, "path") ?? "";
  const text = textField(file, "content") ?? textField(content, "content") ?? textField(fields, "content");
  const total = numberField(file, "totalLines");
  if (text === null) return <Fields fields={fields} without={["type"]} />;
  return (
    <>
      <Subject name="file" text={path} />
      <Traits
        traits={[
          total !== null && `${formatCount(total)} ${total === 1 ? "line" : "lines"}`,
          formatBytes(text.length),
          fields.truncated === true && { text: "Cut", tone: "warn" },
        ]}
      />
      <AttachedFile path={path} text={text} start={numberField(file, "startLine")} />
    </>
  );
}

function memory(fields: FieldsOf): ReactNode {
  const content = record(fields.content);
  const path = textField(content, "path") ?? textField(fields, "path") ?? "";
  const text = textField(content, "content") ?? textField(fields, "content");
  if (text === null) return <Fields fields={fields} without={["type"]} />;
  return (
    <>
      <Subject name="memory" text={path} />
      <LongBlock label="text" text={text}>
        {(shown) => <Markdown text={shown} />}
      </LongBlock>
    </>
  );
}

/** Lists of names that were added to or taken from what the model knows of. */
function names(...lists: readonly (readonly [label: string, field: string])[]): View {
  return (fields) => (
    <>
      {lists.map(([label, field]) => (
        <NameList key={field} label={label} names={texts(fields[field])} />
      ))}
      {lists.every(([, field]) => texts(fields[field]).length === 0) && (
        <p className="sr-empty">No names are recorded.</p>
      )}
    </>
  );
}

const ATTACHMENTS: Record<string, View> = {
  agent_listing_delta: names(["agent types added", "addedTypes"], ["agent types removed", "removedTypes"]),
  deferred_tools_delta: names(
    ["tools added", "addedNames"],
    ["tools added again", "readdedNames"],
    ["tools removed", "removedNames"],
    ["MCP servers that are not ready", "pendingMcpServers"],
    ["MCP servers that failed", "failedMcpServers"],
  ),
  diagnostics: (fields) => <Diagnostics files={fields.files} />,
  file: attachedFile,
  mcp_instructions_delta: names(
    ["servers added", "addedNames"],
    ["instructions", "addedBlocks"],
    ["servers removed", "removedNames"],
  ),
  nested_memory: memory,
  skill_listing: names(["skills", "names"]),
};

const PROGRESS: Record<string, View> = {
  agent_progress: (fields) => {
    const message = record(fields.message);
    const blocks = records(record(message.message).content);
    return (
      <>
        {textField(fields, "agentId") !== null && (
          <Subject name="agent" text={textField(fields, "agentId") ?? ""} />
        )}
        {blocks.map((block, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of a stored line never change
          <AgentBlock key={index} block={block} />
        ))}
        {blocks.length === 0 && <Fields fields={fields} without={["type", "agentId"]} />}
      </>
    );
  },
  hook_progress: (fields) => {
    const command = textField(fields, "command");
    return (
      <>
        <HookName fields={fields} />
        <Traits traits={["Started", textField(fields, "hookEvent")]} />
        {command !== null && (
          <Block label="command" copy={command}>
            <Code text={command} language="bash" />
          </Block>
        )}
      </>
    );
  },
  bash_progress: (fields) => {
    const output = textField(fields, "fullOutput") ?? textField(fields, "output");
    const [seconds, lines, bytes, timeout] = [
      "elapsedTimeSeconds",
      "totalLines",
      "totalBytes",
      "timeoutMs",
    ].map((name) => numberField(fields, name));
    return (
      <>
        <Traits
          traits={[
            seconds != null && `After ${formatDuration(seconds * 1_000)}`,
            lines != null && `${formatCount(lines)} ${lines === 1 ? "line" : "lines"}`,
            bytes != null && formatBytes(bytes),
            timeout != null && `Timeout ${formatDuration(timeout)}`,
          ]}
        />
        {output === null ? (
          <p className="sr-empty">No output so far.</p>
        ) : (
          <Output label="output so far" text={output} />
        )}
      </>
    );
  },
  mcp_progress: (fields) => {
    const took = numberField(fields, "elapsedTimeMs");
    const status = textField(fields, "status");
    return (
      <>
        {["serverName", "toolName"].map((name) => {
          const value = textField(fields, name);
          return value === null ? null : (
            <Subject key={name} name={name === "serverName" ? "MCP server" : "tool"} text={value} />
          );
        })}
        <Traits
          traits={[
            status !== null && {
              text: status,
              tone: status === "completed" ? "good" : status === "failed" ? "bad" : "plain",
            },
            took !== null && formatDuration(took),
          ]}
        />
        <Fields fields={fields} without={["type", "serverName", "toolName", "status", "elapsedTimeMs"]} />
      </>
    );
  },
};

function AgentBlock({ block }: { block: FieldsOf }) {
  const text = textField(block, "text");
  if (text !== null) return <LongBlock text={text}>{(shown) => <Markdown text={shown} />}</LongBlock>;
  if (block.type === "tool_use")
    return (
      <>
        <Subject name="calls" text={String(block.name ?? "?")} />
        <Fields fields={record(block.input)} />
      </>
    );
  const content = typeof block.content === "string" ? block.content : null;
  return content === null ? (
    <Fields fields={block} />
  ) : (
    <LongBlock label="result" text={content}>
      {(shown) => <Code text={shown} />}
    </LongBlock>
  );
}

/** One file that the client keeps a copy of, to be able to go back. */
interface Backup {
  path: string;
  name: string | null;
  version: number | null;
  at: string | null;
}

function backup(path: string, value: unknown): Backup {
  const fields = record(value);
  return {
    path,
    name: textField(fields, "backupFileName"),
    version: numberField(fields, "version"),
    at: textField(fields, "backupTime"),
  };
}

function Backups({ backups }: { backups: readonly Backup[] }) {
  const zone = useZoneName();
  if (backups.length === 0) return <p className="sr-empty">No file had been changed yet.</p>;
  return (
    <Block label={`files (${formatCount(backups.length)})`} copy={backups.map((one) => one.path).join("\n")}>
      <div className="sr-table-scroll">
        <table className="sr-table">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Version</th>
              <th scope="col">Kept</th>
            </tr>
          </thead>
          <tbody>
            {backups.map((one) => (
              <tr key={one.path}>
                <td title={one.name ?? undefined}>
                  <VisibleText text={one.path} />
                </td>
                <td>{one.name === null ? "not there" : (one.version ?? "–")}</td>
                <td>{formatDateTime(one.at, zone)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="sr-note">The contents lie outside of the transcript.</p>
    </Block>
  );
}

const RECORDS: Record<string, View> = {
  "file-history-snapshot": (line) => {
    const files = Object.entries(record(record(line.snapshot).trackedFileBackups));
    return (
      <>
        <Traits traits={[line.isSnapshotUpdate === true && "Update of an earlier snapshot"]} />
        <Backups backups={files.map(([path, value]) => backup(path, value))} />
      </>
    );
  },
  "file-history-delta": (line) => (
    <Backups backups={[backup(textField(line, "trackingPath") ?? "?", line.backup)]} />
  ),
  "queue-operation": (line) => {
    const content = textField(line, "content");
    return (
      <>
        <Traits traits={[textField(line, "operation"), textField(line, "reason")]} />
        {content === null ? (
          <p className="sr-empty">The line names no text.</p>
        ) : (
          <LongBlock label="prompt" text={content}>
            {(text) => <Markdown text={text} />}
          </LongBlock>
        )}
      </>
    );
  },
  "system/compact_boundary": (line) => {
    const facts = record(line.compactMetadata);
    const [before, after, dropped, took] = [
      "preTokens",
      "postTokens",
      "cumulativeDroppedTokens",
      "durationMs",
    ].map((name) => numberField(facts, name));
    const trigger = textField(facts, "trigger");
    return (
      <>
        <Lead text={textField(line, "content")} />
        <Traits
          traits={[
            trigger !== null && (trigger === "manual" ? "Asked for by the user" : `Trigger: ${trigger}`),
            before != null && `${formatCount(before)} tokens before`,
            after != null && `${formatCount(after)} after`,
            dropped != null && `${formatCount(dropped)} dropped so far`,
            took != null && formatDuration(took),
          ]}
        />
        <Fields
          fields={facts}
          without={["trigger", "preTokens", "postTokens", "cumulativeDroppedTokens", "durationMs"]}
        />
      </>
    );
  },
  "system/stop_hook_summary": (line) => {
    const errors = texts(line.hookErrors);
    return (
      <>
        <Traits
          traits={[
            `${formatCount(numberField(line, "hookCount"))} stop ${numberField(line, "hookCount") === 1 ? "hook" : "hooks"}`,
            errors.length > 0 && { text: `${errors.length} failed`, tone: "bad" },
            line.preventedContinuation === true && { text: "Kept the session from going on", tone: "bad" },
            textField(line, "stopReason"),
          ]}
        />
        {errors.map((error) => (
          <Notice key={error} tone="error" text={error} />
        ))}
        <HookRuns hooks={line.hookInfos} />
        <NameList label="context for the model" names={texts(line.hookAdditionalContext)} />
      </>
    );
  },
  "system/turn_duration": (line) => {
    const [took, messages] = [numberField(line, "durationMs"), numberField(line, "messageCount")];
    return (
      <Traits
        traits={[
          took !== null && `The turn took ${formatDuration(took)}`,
          messages !== null && `${formatCount(messages)} messages`,
        ]}
      />
    );
  },
  "system/api_error": (line) => {
    const error = record(line.error);
    const [wait, attempt, most] = ["retryInMs", "retryAttempt", "maxRetries"].map((name) =>
      numberField(line, name),
    );
    const words = textField(error, "formatted") ?? textField(error, "message") ?? textField(line, "error");
    return (
      <>
        <Notice tone="error" text={words ?? "The API gave an error."} />
        <Traits
          traits={[
            numberField(error, "status") !== null && {
              text: `Status ${numberField(error, "status")}`,
              tone: "bad",
            },
            attempt != null && `Attempt ${attempt}${most == null ? "" : ` of ${most}`}`,
            wait != null && `Tried again after ${formatDuration(wait)}`,
          ]}
        />
        <Fields fields={error} without={["formatted"]} />
      </>
    );
  },
  "pr-link": (line) => {
    const url = textField(line, "prUrl");
    return (
      <>
        <Lead
          text={`Pull request ${line.prNumber ?? ""} of ${line.prRepository ?? "an unnamed repository"}`}
        />
        {url !== null && (
          <Subject name="url" text={url}>
            <Address address={url} />
          </Subject>
        )}
      </>
    );
  },
};
