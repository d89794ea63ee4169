import { describe, expect, test } from "vitest";
import { type FilterNode, type FilterTerm, filterOf, isWhole, OPERATORS } from "./filter";
import { filterValue, propertyOf, shownValue } from "./properties";
import { parseCount, parseDuration } from "./quantity";
import { queryOf, readQuery, sharedQuery } from "./query";

const FILTERS: FilterNode[] = [
  { and: [{ property: "host", operator: "=", value: "mbp" }] },
  {
    or: [
      { property: "live", operator: "=", value: true },
      { property: "duration_ms", operator: ">", value: 300_000 },
    ],
  },
  {
    and: [
      {
        or: [
          { property: "user", operator: "=", value: "a" },
          { property: "user", operator: "!=", value: "b" },
        ],
      },
      { property: "started_at", operator: ">=", value: "2026-11-02T23:00:00.000Z" },
    ],
  },
];

describe("the filter in the address", () => {
  test.each(FILTERS.map((filter) => [JSON.stringify(filter), filter] as const))(
    "%s survives the input",
    (_, filter) => {
      const query = queryOf(filter);
      expect(query).not.toBeNull();
      expect(query && readQuery(query, "Europe/Berlin").filter).toEqual(filter);
      expect(filterOf(JSON.parse(JSON.stringify(filter)))).toEqual(filter);
    },
  );

  test("what stands in the input means what it meant, however it is written, while another is added", () => {
    const values = [
      "",
      "90000",
      "1.5",
      "2026-11-22",
      "2026-11-22T10:00:00+01:00",
      "-7D",
      "True",
      " x ",
      0,
      42,
      true,
    ];
    for (const property of [...propertyOf.keys(), "text", "no_such"]) {
      for (const operator of OPERATORS) {
        const terms = values.map((value) => ({ property, operator, value }));
        const filter: FilterNode = { and: [...terms, { or: terms }] };
        const query = queryOf(filter);
        const typed = { propertyKey: "messages", operator: ">", value: "10k" };
        const next = query && { ...query, tokenGroups: [...(query.tokenGroups ?? []), typed] };
        expect(next && readQuery(next, "Europe/Berlin", filter).filter, `${property} ${operator}`).toEqual({
          and: [...filter.and, { property: "messages", operator: ">", value: 10_000 }],
        });
      }
    }
  });

  test.each([
    ["<", "<", "2026-11-20T23:00:00.000Z"],
    ["<=", "<", "2026-11-21T23:00:00.000Z"],
    [">", ">=", "2026-11-21T23:00:00.000Z"],
    [">=", ">=", "2026-11-20T23:00:00.000Z"],
  ] as const)("a day that is typed after %s is all of it in the zone", (typed, operator, value) => {
    const token = { propertyKey: "started_at", operator: typed, value: "2026-11-21" };
    const query = { operation: "and" as const, tokens: [], tokenGroups: [token] };
    expect(readQuery(query, "Europe/Berlin").filter).toEqual({
      and: [{ property: "started_at", operator, value }],
    });
  });

  test("what other controls show makes room in the input, and stays", () => {
    const deep: FilterNode = {
      or: [
        { property: "tool", operator: "=", value: "Bash" },
        {
          and: [
            { property: "tool", operator: "=", value: "Read" },
            { property: "live", operator: "=", value: true },
          ],
        },
      ],
    };
    const day = { property: "started_at", operator: ">=" as const, value: "2026-11-20T23:00:00.000Z" };
    const isEdge = (term: FilterTerm) => "property" in term && term.property === "started_at";
    const { query, merged } = sharedQuery({ and: [deep, day] }, isEdge);
    expect(query).toEqual(queryOf(deep));
    expect(query && merged(readQuery(query, "UTC", deep).filter)).toEqual({ and: [deep, day] });
    expect(merged(undefined)).toEqual({ and: [day] });
    // Where all of it has room, all of it is in the input.
    expect(sharedQuery({ and: [day] }, isEdge)).toMatchObject({
      elsewhere: [],
      query: queryOf({ and: [day] }),
    });
    expect(sharedQuery({ and: [{ and: [deep, day] }] }, isEdge).query).toBeNull();
  });

  test("what is no filter is dropped, what is one stays", () => {
    for (const nonsense of [null, 7, "x", [], {}, { and: [] }, { and: "x" }, { and: [{ property: 1 }] }]) {
      expect(filterOf(nonsense)).toBeUndefined();
    }
    const good = { property: "host", operator: "=", value: "a" };
    expect(filterOf({ and: [good, { property: "host", operator: "~", value: "a" }, null] })).toEqual({
      and: [good],
    });
  });

  test("what leaves something out is told from what says nothing", () => {
    const good = { property: "host", operator: "=", value: "a" };
    const bad = { property: "host", operator: "~", value: "a" };
    for (const whole of [undefined, null, "", { and: [] }, good, { and: [good, { or: [good] }] }]) {
      expect(isWhole(whole)).toBe(true);
    }
    for (const cut of [7, "x", [], {}, bad, { and: [good, bad] }, { or: [good, { and: [null] }] }]) {
      expect(isWhole(cut)).toBe(false);
    }
  });

  test("a filter that nests without end is no filter and costs nothing", () => {
    let deep: unknown = { property: "host", operator: "=", value: "a" };
    for (let level = 0; level < 5_000; level += 1) deep = { and: [deep] };
    expect(filterOf(deep)).toBeUndefined();
  });

  test("a filter too deep for the input is said to be so, not cut", () => {
    const inner: FilterNode = { or: [{ and: [{ property: "host", operator: "=", value: "a" }] }] };
    expect(queryOf({ and: [inner] })).toBeNull();
  });
});

describe("what is typed", () => {
  test("text without a property is free text, and comes back as such", () => {
    const query = {
      operation: "and" as const,
      tokens: [],
      tokenGroups: [{ operator: ":" as const, value: "flaky" }],
    };
    const filter = { and: [{ property: "text", operator: ":" as const, value: "flaky" }] };
    expect(readQuery(query, "UTC").filter).toEqual(filter);
    expect(queryOf(filter)).toEqual(query);
  });

  test("empty tokens and groups leave no trace", () => {
    const query = {
      operation: "and" as const,
      tokens: [],
      tokenGroups: [
        { propertyKey: "host", operator: "=" as const, value: null },
        { operation: "or" as const, tokens: [{ propertyKey: "user", operator: "=" as const, value: "" }] },
      ],
    };
    expect(readQuery(query, "UTC").filter).toBeUndefined();
  });

  test.each([
    ["90", 90_000],
    ["5m", 300_000],
    ["1h 30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["500 ms", 500],
    ["2 min", 120_000],
    ["m", null],
    ["5x", null],
    ["", null],
  ])("duration %j", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    ["1,200", 1_200],
    ["10k", 10_000],
    ["1.5M", 1_500_000],
    ["-1", null],
    ["many", null],
  ])("count %j", (text, count) => {
    expect(parseCount(text)).toBe(count);
  });

  test.each([
    ["started_at", "2026-11-03", "2026-11-02T23:00:00.000Z"],
    ["started_at", "2026-11-03 7:30", "2026-11-03T06:30:00.000Z"],
    ["started_at", "2026-11-03T07:30:00Z", "2026-11-03T07:30:00Z"],
    ["started_at", "7 days ago", "-7d"],
    ["started_at", "soon", null],
    ["started_at", "2026-02-31", null],
    ["started_at", "2026-11-03 25:30", null],
    ["started_at", "2026-11-03T07:30:00+99:00", null],
    ["live", "Yes", true],
    ["live", "maybe", null],
    ["entry_type", "Tool", "tool"],
    ["entry_type", "toll", null],
    ["duration_ms", "1h 30m", 5_400_000],
    ["duration_ms", "5x", null],
    ["messages", "10k", 10_000],
    ["messages", "1.5", null],
    ["messages", 1.5, null],
    ["messages", "9000000b", null],
    ["git_branch", "1.5", "1.5"],
  ])("%s: %j is %j", (key, typed, value) => {
    expect(filterValue(propertyOf.get(key) ?? { kind: "text" }, typed, "Europe/Berlin")).toBe(value);
  });

  test("what is not understood stays in the input and is no part of the filter", () => {
    const wrong = { propertyKey: "messages", operator: ">" as const, value: "1.5" };
    const right = { propertyKey: "messages", operator: ">" as const, value: "1k" };
    const read = { ...right, value: 1_000 };
    const meant = { property: "messages", operator: ">", value: 1_000 };
    const reading = (tokenGroups: (typeof wrong | { operation: "or"; tokens: (typeof wrong)[] })[]) =>
      readQuery({ operation: "and", tokens: [], tokenGroups }, "UTC");
    expect(reading([wrong, right])).toEqual({
      filter: { and: [meant] },
      query: { operation: "and", tokens: [], tokenGroups: [wrong, read] },
      unread: [wrong],
    });
    expect(reading([{ operation: "or", tokens: [right, wrong] }])).toEqual({
      filter: { and: [meant] },
      query: { operation: "and", tokens: [], tokenGroups: [{ operation: "or", tokens: [read, wrong] }] },
      unread: [wrong],
    });
    expect(reading([wrong])).toMatchObject({ filter: undefined, unread: [wrong] });
  });

  test("a property that is lacking is asked for in a word, where it may lack", () => {
    const filter = { and: [{ property: "git_branch", operator: "!=" as const, value: "" }] };
    const token = { propertyKey: "git_branch", operator: "!=", value: "(none)" };
    expect(queryOf(filter)?.tokenGroups).toEqual([token]);
    const read = (one: typeof token) =>
      readQuery({ operation: "and", tokens: [], tokenGroups: [one] }, "UTC").filter;
    expect(read(token)).toEqual(filter);
    for (const other of [
      { ...token, propertyKey: "host" },
      { ...token, operator: ":" },
    ]) {
      expect(read(other)).toMatchObject({ and: [{ value: "(none)" }] });
    }
  });

  test("a value is shown as it was meant", () => {
    const shown = (key: string, value: unknown) => {
      const property = propertyOf.get(key);
      return property && shownValue(property, value, "UTC");
    };
    expect(shown("duration_ms", 5_400_000)).toBe("1h 30m");
    expect(shown("live", "true")).toBe("Yes");
    expect(shown("messages", 1_500)).toBe("1,500");
    expect(shown("messages", 1.5)).toBe("1.5");
    expect(shown("model", "")).toBe("(none)");
    expect(shown("entry_type", "tool")).toBe("Tool");
    expect(shown("started_at", "2026-11-03")).toBe("3 Nov 2026 UTC");
    expect(shown("started_at", "-24h")).toBe("24 hours ago");
    expect(shown("started_at", "2026-11-02T23:00:00.000Z")).toBe("2 Nov 2026, 23:00 UTC");
  });
});

describe("the vocabulary", () => {
  test("what nobody means is not offered, the rest is as the server has it", () => {
    expect(propertyOf.get("started_at")?.operators).toEqual([">=", ">", "<", "<="]);
    expect(propertyOf.get("live")?.operators).toEqual(["="]);
    expect(propertyOf.get("host")?.operators).toEqual(["=", "!=", ":", "!:", "^", "!^"]);
    expect(propertyOf.get("duration_ms")).toMatchObject({ kind: "duration", label: "Duration" });
  });

  test("free text has no name of its own, and what no data can have is not offered", () => {
    expect(["text", "severity", "rule"].filter((key) => propertyOf.has(key))).toEqual([]);
  });
});
