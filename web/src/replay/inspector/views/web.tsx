/** What was fetched from the network, and what was found there. Nothing of it is loaded by the page. */
import { formatBytes, formatCount, formatDuration } from "../../../format";
import { Markdown } from "../../text/Markdown";
import { VisibleText } from "../../text/VisibleText";
import { Block, LongBlock } from "../Part";
import { numberField, records, textField, texts } from "../rawLine";
import { Address, Fields, NameList, Subject } from "./pieces";
import type { ToolView } from "./view";

const SUCCESS = [200, 299] as const;

export const FETCH: ToolView = {
  input: ({ input }) => {
    const [url, prompt] = [textField(input, "url"), textField(input, "prompt")];
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
        <Fields
          fields={input}
          without={[...(url === null ? [] : ["url"]), ...(prompt === null ? [] : ["prompt"])]}
        />
      </>
    );
  },
  facts: ({ input, outcome }) => {
    const code = numberField(outcome, "code");
    const [bytes, took] = [numberField(outcome, "bytes"), numberField(outcome, "durationMs")];
    const url = textField(outcome, "url");
    return [
      code !== null && {
        text: `${code} ${textField(outcome, "codeText") ?? ""}`.trim(),
        tone: code >= SUCCESS[0] && code <= SUCCESS[1] ? "good" : "bad",
        title: "Status of the answer",
      },
      bytes !== null && formatBytes(bytes),
      took !== null && formatDuration(took),
      url !== null && url !== input.url && `From ${url}`,
    ];
  },
};

export const SEARCH: ToolView = {
  input: ({ input }) => {
    const query = textField(input, "query");
    return (
      <>
        {query !== null && <Subject name="query" text={query} />}
        <NameList label="only these sites" names={texts(input.allowed_domains)} />
        <NameList label="none of these sites" names={texts(input.blocked_domains)} />
        <Fields
          fields={input}
          without={[...(query === null ? [] : ["query"]), "allowed_domains", "blocked_domains"]}
        />
      </>
    );
  },
  facts: ({ outcome }) => {
    const seconds = numberField(outcome, "durationSeconds");
    return [seconds !== null && formatDuration(seconds * 1_000)];
  },
  output: ({ outcome }) => {
    if (!Array.isArray(outcome.results)) return null;
    const links = records(outcome.results).flatMap((one) => records(one.content));
    const said = texts(outcome.results).join("\n\n").trim();
    return (
      <>
        {links.length > 0 && (
          <Block
            label={`results (${formatCount(links.length)})`}
            copy={links.map((link) => String(link.url ?? "")).join("\n")}
          >
            <ol className="sr-links">
              {links.map((link, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the results of a stored search never change
                <li key={index}>
                  <Address address={textField(link, "url") ?? ""}>
                    <VisibleText text={textField(link, "title") ?? textField(link, "url") ?? "(no title)"} />
                  </Address>
                  <span>
                    <VisibleText text={textField(link, "url") ?? ""} />
                  </span>
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
