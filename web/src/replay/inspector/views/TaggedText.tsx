import { Code } from "../../text/Code";
import { Markdown } from "../../text/Markdown";
import { Terminal } from "../../text/Terminal";
import { LongBlock } from "../Part";
import type { Tagged } from "../tagged";
import { Subject } from "./pieces";

const OUTPUTS = ["bash-stdout", "bash-stderr", "local-command-stdout", "local-command-stderr"];

/** A text in tags of the client: commands as commands, their output as a terminal's. */
export function TaggedText({ parts }: { parts: readonly Tagged[] }) {
  const written = parts.filter(({ text }) => text.trim() !== "");
  if (written.length === 0) return <p className="sr-empty">Nothing was written here.</p>;
  return written.map(({ tag, text }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tags of a stored text never change
    <TaggedPart key={index} tag={tag} text={text.trim()} />
  ));
}

const SUBJECT_CHARACTERS_MAX = 300;

function TaggedPart({ tag, text }: Tagged) {
  const name = tag.replace(/^(?:local-)?command-/, "command ").replaceAll("-", " ");
  if (OUTPUTS.includes(tag))
    return (
      <LongBlock label={name} text={text}>
        {(shown) => <Terminal text={shown} />}
      </LongBlock>
    );
  if (tag === "bash-input")
    return (
      <LongBlock label="typed command" text={text}>
        {(shown) => <Code text={shown} language="bash" />}
      </LongBlock>
    );
  if (tag !== "" && text.length <= SUBJECT_CHARACTERS_MAX && !text.includes("\n"))
    return <Subject name={name} text={text} />;
  return (
    <LongBlock label={tag === "" ? null : name} text={text}>
      {(shown) => <Markdown text={shown} />}
    </LongBlock>
  );
}
