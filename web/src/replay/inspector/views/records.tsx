/** Lines that are no messages: hooks, attachments, snapshots, notes of the client about itself. */
import { Fragment, type ReactNode } from "react";
import { formatBytes, formatCount, formatDateTime, formatDuration } from "../../../format";
import { useZoneName } from "../../../timeZone";
import type { EntryWhole } from "../../shapes";
import { Code } from "../../text/Code";
import { Markdown } from "../../text/Markdown";
import { Terminal } from "../../text/Terminal";
import { VisibleText } from "../../text/VisibleText";
import { Block, LongBlock } from "../Part";
import { type Fields as FieldsOf, isRecord, lineOf, records, textField } from "../rawLine";
import { Reading } from "../reading";
import { taggedTexts } from "../tagged";
import { AttachedFile, diagnostics } from "./files";
import { Address, Fields, Lead, NameList, Notice, Remnant, Subject, type Trait, Traits } from "./pieces";
import { TaggedText } from "./TaggedText";
import { Parts } from "./ToolCall";

/** Shows what it knows of a line's fields in their form; the rest is shown below it as fields. */
type View = (fields: Reading) => ReactNode;

/** An entry of a line that is no message, in the form that fits its kind; an unknown kind gets its fields. */
export function RecordView({ whole }: { whole: EntryWhole }) {
  const line = lineOf(whole);
  const [kind, subkind] = whole.raw_type.split("/", 2);
  const isBare = whole.content.some((part) => part.kind === "json" && WHOLE_LABELS.has(part.label ?? ""));
  if (kind === "attachment" && isRecord(line.attachment)) {
    const view = subkind?.startsWith("hook_") ? hook : own(ATTACHMENTS, subkind);
    if (view === undefined && !isBare) return <Parts whole={whole} />;
    return (
      <>
        {drawn(line.attachment, ["type"], view)}
        <Rendered rendered={line.rendered} />
      </>
    );
  }
  if (kind === "progress" && isRecord(line.data)) {
    const view = own(PROGRESS, subkind);
    return view || isBare ? drawn(line.data, ["type"], view) : <Parts whole={whole} />;
  }
  const view = own(RECORDS, whole.raw_type);
  if (view === undefined && (!isBare || Object.keys(line).length === 0)) return <Parts whole={whole} />;
  return drawn(line, ENVELOPE, view ?? note);
}

/** The fields in the form that fits their kind, and all that is left of them; those in `elsewhere` stand elsewhere. */
function drawn(fields: FieldsOf, elsewhere: readonly string[], view: View = () => null): ReactNode {
  const reading = new Reading(fields);
  return (
    <>
      {view(reading)}
      <Fields fields={reading.rest(elsewhere)} />
    </>
  );
}

/** A line of a kind that the page does not know. */
function note(line: Reading): ReactNode {
  const content = line.text("content");
  const tagged = content === null ? null : taggedTexts(content);
  return tagged === null ? <Lead text={content} /> : <TaggedText parts={tagged} />;
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

function hook(fields: Reading): ReactNode {
  const kind = fields.text("type") ?? "";
  const error = fields.record("blockingError");
  const command = fields.text("command") ?? error.text("command");
  const [exit, took] = [fields.number("exitCode"), fields.amount("durationMs")];
  const content = fields.output("content") ?? fields.texts("content")?.join("\n\n") ?? "";
  const [out, err] = [fields.output("stdout") || null, fields.output("stderr") || null];
  const said = error.text("blockingError") ?? fields.text("blockingError");
  return (
    <>
      {hookName(fields)}
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

function hookRuns(hooks: readonly Reading[]): ReactNode {
  return hooks.map((hook, index) => {
    const [command, took] = [hook.text("command"), hook.amount("durationMs")];
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the hooks of a stored line never change
      <Block key={index} label={`hook${took === null ? "" : `, ${formatCount(took)} ms`}`} copy={command}>
        {command !== null && <Code text={command} language="bash" />}
        {command === null && !hook.isLeft("command") && <p className="sr-empty">No command is recorded.</p>}
        <Remnant fields={hook.rest()} />
      </Block>
    );
  });
}

function hookName(fields: Reading): ReactNode {
  const name = fields.text("hookName") ?? fields.text("hookEvent");
  return name === null ? null : <Subject name="hook" text={name} />;
}

function Output({ label, text }: { label: string; text: string }) {
  return (
    <LongBlock label={label} text={text}>
      {(shown) => <Terminal text={shown} />}
    </LongBlock>
  );
}

function attachedFile(fields: Reading): ReactNode {
  const content = fields.record("content");
  const file = content.record("file");
  const path = file.text("filePath") ?? fields.text("filename") ?? fields.text("path") ?? "";
  const text = file.text("content") ?? content.text("content") ?? fields.text("content");
  const [total, start] = [file.amount("totalLines"), file.amount("startLine")];
  return (
    <>
      {path !== "" && <Subject name="file" text={path} />}
      <Traits
        traits={[
          total !== null && `${formatCount(total)} ${total === 1 ? "line" : "lines"}`,
          text !== null && formatBytes(text.length),
          fields.flag("truncated") && { text: "Cut", tone: "warn" },
        ]}
      />
      {text !== null && <AttachedFile path={path} text={text} start={start} />}
    </>
  );
}

function memory(fields: Reading): ReactNode {
  const content = fields.record("content");
  const path = content.text("path") ?? fields.text("path");
  const text = content.text("content") ?? fields.text("content");
  return (
    <>
      {path !== null && <Subject name="memory" text={path} />}
      {text !== null && (
        <LongBlock label="text" text={text}>
          {(shown) => <Markdown text={shown} />}
        </LongBlock>
      )}
    </>
  );
}

/** Lists of names that were added to or taken from what the model knows of. */
function names(...lists: readonly (readonly [label: string, field: string])[]): View {
  return (fields) => {
    const found = lists.map(([label, field]) => [label, fields.texts(field)] as const);
    return (
      <>
        {found.map(([label, names]) => (
          <NameList key={label} label={label} names={names} />
        ))}
        {found.every(([, names]) => names?.length === 0) && (
          <p className="sr-empty">No names are recorded.</p>
        )}
      </>
    );
  };
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
  diagnostics: (fields) => {
    const files = fields.records("files") ?? [];
    if (files.length > 0) return diagnostics(files);
    return fields.isLeft("files") ? null : <Notice text="No findings are recorded." />;
  },
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
    const agent = fields.text("agentId");
    const blocks = fields.record("message").record("message").records("content") ?? [];
    return (
      <>
        {agent !== null && <Subject name="agent" text={agent} />}
        {blocks.map((block, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of a stored line never change
          <Fragment key={index}>{agentBlock(block)}</Fragment>
        ))}
      </>
    );
  },
  hook_progress: (fields) => {
    const command = fields.text("command");
    return (
      <>
        {hookName(fields)}
        <Traits traits={["Started", fields.text("hookEvent")]} />
        {command !== null && (
          <Block label="command" copy={command}>
            <Code text={command} language="bash" />
          </Block>
        )}
      </>
    );
  },
  bash_progress: (fields) => {
    const output = fields.output("fullOutput") || fields.output("output") || null;
    const [seconds, lines, bytes, timeout] = [
      "elapsedTimeSeconds",
      "totalLines",
      "totalBytes",
      "timeoutMs",
    ].map((name) => fields.amount(name));
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
        {output !== null && <Output label="output so far" text={output} />}
        {output === null && !fields.isLeft("fullOutput") && !fields.isLeft("output") && (
          <p className="sr-empty">No output so far.</p>
        )}
      </>
    );
  },
  mcp_progress: (fields) => {
    const [server, tool, status] = ["serverName", "toolName", "status"].map((name) => fields.text(name));
    const took = fields.amount("elapsedTimeMs");
    return (
      <>
        {server != null && <Subject name="MCP server" text={server} />}
        {tool != null && <Subject name="tool" text={tool} />}
        <Traits
          traits={[
            status != null && {
              text: status,
              tone: status === "completed" ? "good" : status === "failed" ? "bad" : "plain",
            },
            took !== null && formatDuration(took),
          ]}
        />
      </>
    );
  },
};

function agentBlock(block: Reading): ReactNode {
  const text = block.text("text");
  if (text !== null) return <LongBlock text={text}>{(shown) => <Markdown text={shown} />}</LongBlock>;
  if (block.word("type", ["tool_use"]) !== null) {
    const name = block.text("name");
    return (
      <>
        {name !== null && <Subject name="calls" text={name} />}
        <Fields fields={block.record("input").rest()} />
      </>
    );
  }
  const content = block.text("content");
  return content === null ? (
    <Fields fields={block.rest()} />
  ) : (
    <LongBlock label="result" text={content}>
      {(shown) => <Code text={shown} />}
    </LongBlock>
  );
}

/** One file that the client keeps a copy of, to be able to go back. */
interface Backup {
  path: string;
  /** Of the copy, beside the transcripts. */
  name: string | null;
  /** The client found no such file. */
  absent: boolean;
  version: number | null;
  at: string | null;
}

function backup(path: string, fields: Reading): Backup {
  return {
    path,
    name: fields.text("backupFileName"),
    absent: fields.isNull("backupFileName"),
    version: fields.amount("version"),
    at: fields.time("backupTime"),
  };
}

function Backups({ backups }: { backups: readonly Backup[] }) {
  const zone = useZoneName();
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
                <td>{one.absent ? "not there" : (one.version ?? "–")}</td>
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
    const snapshot = line.record("snapshot");
    const files = snapshot.record("trackedFileBackups");
    const kept = files.names().map((path) => backup(path, files.record(path)));
    const isKnown = !line.isLeft("snapshot") && !snapshot.isLeft("trackedFileBackups");
    return (
      <>
        <Traits traits={[line.flag("isSnapshotUpdate") && "Update of an earlier snapshot"]} />
        {kept.length > 0 ? (
          <Backups backups={kept} />
        ) : (
          isKnown && <p className="sr-empty">No file had been changed yet.</p>
        )}
      </>
    );
  },
  "file-history-delta": (line) => (
    <Backups backups={[backup(line.text("trackingPath") ?? "?", line.record("backup"))]} />
  ),
  "queue-operation": (line) => {
    const content = line.text("content");
    return (
      <>
        <Traits traits={[line.text("operation"), line.text("reason")]} />
        {content !== null && (
          <LongBlock label="prompt" text={content}>
            {(text) => <Markdown text={text} />}
          </LongBlock>
        )}
        {content === null && !line.isLeft("content") && <p className="sr-empty">The line names no text.</p>}
      </>
    );
  },
  "system/compact_boundary": (line) => {
    const facts = line.record("compactMetadata");
    const [before, after, dropped, took] = [
      "preTokens",
      "postTokens",
      "cumulativeDroppedTokens",
      "durationMs",
    ].map((name) => facts.amount(name));
    const trigger = facts.text("trigger");
    return (
      <>
        <Lead text={line.text("content")} />
        <Traits
          traits={[
            trigger !== null && (trigger === "manual" ? "Asked for by the user" : `Trigger: ${trigger}`),
            before != null && `${formatCount(before)} tokens before`,
            after != null && `${formatCount(after)} after`,
            dropped != null && `${formatCount(dropped)} dropped so far`,
            took != null && formatDuration(took),
          ]}
        />
        <Fields fields={facts.rest()} />
      </>
    );
  },
  "system/stop_hook_summary": (line) => {
    const count = line.amount("hookCount");
    const errors = line.texts("hookErrors") ?? [];
    return (
      <>
        <Traits
          traits={[
            count !== null && `${formatCount(count)} stop ${count === 1 ? "hook" : "hooks"}`,
            errors.length > 0 && { text: `${errors.length} failed`, tone: "bad" },
            line.flag("preventedContinuation") && { text: "Kept the session from going on", tone: "bad" },
            line.output("stopReason") || null,
          ]}
        />
        {errors.map((error, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two hooks of a stored line may fail with the same words
          <Notice key={index} tone="error" text={error} />
        ))}
        {hookRuns(line.records("hookInfos") ?? [])}
        <NameList label="context for the model" names={line.texts("hookAdditionalContext")} />
      </>
    );
  },
  "system/turn_duration": (line) => {
    const [took, messages] = [line.amount("durationMs"), line.amount("messageCount")];
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
    const error = line.record("error");
    const [wait, attempt] = [line.amount("retryInMs"), line.amount("retryAttempt")];
    const most = attempt === null ? null : line.amount("maxRetries");
    const words = error.text("formatted") ?? error.text("message") ?? line.text("error");
    const status = error.amount("status");
    return (
      <>
        <Notice tone="error" text={words ?? "The API gave an error."} />
        <Traits
          traits={[
            status !== null && { text: `Status ${status}`, tone: "bad" },
            attempt !== null && `Attempt ${attempt}${most === null ? "" : ` of ${most}`}`,
            wait !== null && `Tried again after ${formatDuration(wait)}`,
          ]}
        />
        <Fields fields={error.rest()} />
      </>
    );
  },
  "pr-link": (line) => {
    const [number, url, repository] = [
      line.amount("prNumber"),
      line.text("prUrl"),
      line.text("prRepository"),
    ];
    return (
      <>
        <Lead
          text={`Pull request ${number ?? "without a number"} of ${repository ?? "an unnamed repository"}`}
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
