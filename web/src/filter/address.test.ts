import { describe, expect, it } from "vitest";
import { parseSearch, stringifySearch } from "./address";
import { type FilterNode, filterOf, isWhole, OPERATORS, type Operator } from "./filter";

const condition = (value: string | number | boolean, property = "project", operator: Operator = "=") => ({
  property,
  operator,
  value,
});
/** As a browser would have it once it stands in the address bar. */
const inBrowser = (search: string) => new URL(search, "http://127.0.0.1/").search;

const ODD = [
  "",
  "~",
  "~100",
  "100",
  "-1",
  "1.5",
  "1e+21",
  "007",
  "true",
  "false",
  "null",
  "a,b",
  "or(a.is.b)",
  "a & b = c # d",
  "100 %",
  "%2C",
  "+1 +",
  'it\'s "so" <b>',
  "/srv/shop:main@2",
  "feature/ä-ö-😀",
  "a\nb\u0000c",
  "{",
  "[1]",
  0,
  42,
  -7,
  1.25,
  1e21,
  true,
  false,
];

describe("a filter in the address", () => {
  it("is readable", () => {
    const filter = {
      and: [
        condition("build-7", "host"),
        { or: [condition("Bash", "tool", "!="), condition(3_600_000, "duration_ms", ">=")] },
        condition("/srv/shop", "project", "^"),
        condition("-7d", "started_at", ">="),
        condition("fix the cart", "text", ":"),
      ],
    };
    const written = stringifySearch({ filter, sort: "-messages" });
    expect(written).toBe(
      "?filter=host.is.build-7,or(tool.not.Bash,duration_ms.ge.3600000),project.starts./srv/shop," +
        "started_at.ge.-7d,text.has.fix+the+cart&sort=-messages",
    );
    expect(inBrowser(written)).toBe(written);
    expect(parseSearch(written)).toEqual({ filter, sort: "-messages" });
  });

  it.each(OPERATORS)("comes back as it was, with %s and whatever value", (operator) => {
    for (const value of ODD) {
      const filter = { and: [condition(value, "project", operator), condition("x", "od.d,(", operator)] };
      expect(parseSearch(inBrowser(stringifySearch({ filter }))).filter, `${value}`).toEqual(filter);
    }
  });

  it("comes back as it was, however it nests", () => {
    const a = condition("a");
    const deep = (depth: number): FilterNode => (depth === 0 ? { or: [a] } : { and: [deep(depth - 1)] });
    const nodes: FilterNode[] = [
      { and: [a] },
      { or: [a] },
      { or: [a, condition(1)] },
      { and: [{ or: [a] }] },
      { and: [{ and: [a] }] },
      { or: [{ and: [a, a] }, a] },
      { and: [{ or: [a, a] }, { or: [a, { and: [a, a] }] }] },
      deep(7),
    ];
    for (const filter of nodes) {
      const written = stringifySearch({ filter });
      expect(parseSearch(inBrowser(written)).filter, written).toEqual(filter);
    }
  });

  it("keeps a lone half of a character pair from breaking the page", () => {
    expect(stringifySearch({ filter: { and: [condition("a\ud800b")] } })).toBe(
      "?filter=project.is.a%EF%BF%BDb",
    );
  });

  it("is read as the API has it, too", () => {
    const filter = { and: [condition("Bash", "tool")] };
    const json = JSON.stringify(filter);
    expect(parseSearch(`?filter=${json}&sort=tokens`)).toEqual({ filter, sort: "tokens" });
    expect(parseSearch(`?sort=tokens&filter=${encodeURIComponent(json)}`)).toEqual({
      filter,
      sort: "tokens",
    });
    expect(parseSearch(`?filter=${encodeURIComponent(JSON.stringify(filter.and[0]))}`).filter).toEqual(
      filter.and[0],
    );
  });

  it.each([
    ["abc", undefined],
    ["tool.is", undefined],
    ["tool.equals.Bash", undefined],
    [".is.Bash", undefined],
    ["tool.is.%E0%A4%A", undefined],
    ["tool.is.Bash,abc", { and: [condition("Bash", "tool")] }],
    ["not(tool.is.Bash),tool.is.Read", { and: [condition("Read", "tool")] }],
    ["or(tool.is.Bash", undefined],
    ["tool.is.Bash)", undefined],
    ["or(", undefined],
    [",", undefined],
    [`${"and(".repeat(5_000)}tool.is.Bash${")".repeat(5_000)}`, undefined],
  ])("that cannot be read says so: %.40s", (written, known) => {
    const { filter } = parseSearch(`?filter=${written}`);
    expect(isWhole(filter)).toBe(false);
    expect(filterOf(filter)).toEqual(known);
    // The router sees that what it could read is another address, and puts that in its place.
    expect(stringifySearch({ filter })).not.toBe(stringifySearch({ filter: known }));
    expect(isWhole(parseSearch(stringifySearch({ filter })).filter)).toBe(false);
  });

  it("leaves what else an address says as it was", () => {
    expect(parseSearch("")).toEqual({});
    expect(parseSearch("?filter=")).toEqual({ filter: "" });
    expect(stringifySearch({ filter: undefined, sort: undefined })).toBe("");
    const others = { q: "type:user a,b", entry: 1024, agent: "a.b" };
    expect(parseSearch(stringifySearch({ ...others, filter: { and: [condition("x")] } }))).toEqual({
      ...others,
      filter: { and: [condition("x")] },
    });
  });
});
