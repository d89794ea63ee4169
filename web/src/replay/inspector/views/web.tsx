/** What was fetched from the network, and what was found there. Nothing of it is loaded by the page. */
import { formatBytes, formatCount, formatDuration } from "../../../format";
import { Markdown } from "../../text/Markdown";
import { VisibleText } from "../../text/VisibleText";
import { Block, LongBlock } from "../Part";
import type { Reading } from "../reading";
import { Address, Fields, NameList, Remnant, Subject, wordsOf } from "./pieces";
import type { ToolView } from "./view";

const SUCCESS = [200, 299] as const;

export const FETCH: ToolView = {
  input: ({ input }) => {
    const [url, prompt] = [input.text("url"), input.text("prompt")];
    return (
      <>
        {url !== null && (
          <Subject name="url" text={url}>
            <Address address={url} />
          </Subject>
        )}
        {prompt !== null && (
          <LongBlock label="prompt" text={prompt}>
            {(text) => <Markdown text={text} />}
          </LongBlock>
        )}
        <Fields fields={input.rest()} />
      </>
    );
  },
  facts: ({ input, outcome }) => {
    const code = outcome.number("code");
    const words = code === null ? null : outcome.text("codeText");
    const [bytes, took] = [outcome.amount("bytes"), outcome.amount("durationMs")];
    const url = outcome.text("url");
    return [
      code !== null && {
        text: `${code} ${words ?? ""}`.trim(),
        tone: code >= SUCCESS[0] && code <= SUCCESS[1] ? "good" : "bad",
        title: "Status of the answer",
      },
      bytes !== null && formatBytes(bytes),
      took !== null && formatDuration(took),
      url !== null && url !== input.text("url") && `From ${url}`,
    ];
  },
};

export const SEARCH: ToolView = {
  input: ({ input }) => {
    const query = input.text("query");
    return (
      <>
        {query !== null && <Subject name="query" text={query} />}
        <NameList label="only these sites" names={input.texts("allowed_domains")} />
        <NameList label="none of these sites" names={input.texts("blocked_domains")} />
        <Fields fields={input.rest()} />
      </>
    );
  },
  facts: ({ outcome }) => {
    const seconds = outcome.amount("durationSeconds");
    return [seconds !== null && formatDuration(seconds * 1_000)];
  },
  output: ({ outcome }) => {
    const results = outcome.members("results");
    if (results === null) return null;
    const links: { url: string; title: string | null; link: Reading }[] = [];
    const texts: string[] = [];
    for (const one of results) {
      const found = typeof one === "string" ? null : one.records("content");
      if (found !== null)
        links.push(
          ...found.map((link) => ({ url: link.text("url") ?? "", title: link.text("title"), link })),
        );
      else texts.push(typeof one === "string" ? one : wordsOf(one.rest()));
    }
    const said = texts.join("\n\n").trim();
    return (
      <>
        {links.length > 0 && (
          <Block
            label={`results (${formatCount(links.length)})`}
            copy={links.map(({ url }) => url).join("\n")}
          >
            <ol className="sr-links">
              {links.map(({ url, title, link }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the results of a stored search never change
                <li key={index}>
                  <Address address={url}>
                    <VisibleText text={title ?? (url || "(no title)")} />
                  </Address>
                  <span>
                    <VisibleText text={url} />
                  </span>
                  <Remnant fields={link.rest()} />
                </li>
              ))}
            </ol>
          </Block>
        )}
        {said !== "" && (
          <LongBlock label="answer" text={said}>
            {(text) => <Markdown text={text} />}
          </LongBlock>
        )}
        {links.length === 0 && said === "" && <p className="sr-empty">Nothing was found.</p>}
      </>
    );
  },
};
