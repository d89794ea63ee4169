import { expect, test } from "vitest";
import { client } from "../testing/clients";
import type { Condition, FilterNode } from "./filter";
import { optionsOf } from "./HostSelect";
import { hostsOf, withHosts } from "./hosts";

const host = (value: string, operator: Condition["operator"] = "="): Condition => ({
  property: "host",
  operator,
  value,
});
const TOOL: Condition = { property: "tool", operator: "=", value: "Bash" };

test("hosts are alternatives in the one filter, and are read back", () => {
  const one = withHosts({ and: [TOOL] }, ["a"]);
  expect(one).toEqual({ and: [TOOL, host("a")] });
  const two = withHosts(one, ["a", "b"]);
  expect(two).toEqual({ and: [TOOL, { or: [host("a"), host("b")] }] });
  expect(hostsOf(one)).toEqual(["a"]);
  expect(hostsOf(two)).toEqual(["a", "b"]);
  expect(withHosts(two, [])).toEqual({ and: [TOOL] });
  expect(withHosts(withHosts(undefined, ["a", "b"]), [])).toBeUndefined();
});

test.each([
  [{ or: [host("a"), host("b")] }, ["a", "b"]],
  [{ or: [host("a"), TOOL] }, []],
  [{ and: [host("a", ":")] }, []],
  [{ and: [host("a"), host("b")] }, []],
  [{ and: [{ and: [host("a"), host("b")] }] }, []],
  [undefined, []],
] as [FilterNode | undefined, string[]][])("%j chooses %j", (filter, hosts) => {
  expect(hostsOf(filter)).toEqual(hosts);
});

test("alternatives that are no hosts become a group beside the hosts", () => {
  const either: FilterNode = { or: [host("a", ":"), TOOL] };
  expect(withHosts(either, ["c"])).toEqual({ and: [either, host("c")] });
});

test("one option for each host, those online first, with its users, state and sessions", () => {
  const ann = { user: "ann", sessions: 2, last_seen_at: "2026-11-03T07:04:00Z" };
  const options = optionsOf(
    [
      client({ ...ann, id: "1", host: "away", state: "offline" }),
      client({ ...ann, id: "2", host: "busy", user: "bob", sessions: 1, state: "imported", live: true }),
      client({
        ...ann,
        id: "3",
        host: "away",
        user: "cy",
        state: "offline",
        last_seen_at: "2026-11-04T07:04:00Z",
      }),
      client({ ...ann, id: "4", host: "idle", state: "online" }),
      // A machine that was connected anew is another client of the same user.
      client({ ...ann, id: "7", host: "idle", state: "revoked" }),
      client({ ...ann, id: "5", host: "held", state: "paused" }),
      client({ ...ann, id: "6", host: "refused", state: "revoked", live: true }),
    ],
    ["unknown"],
    "UTC",
  );
  expect(options.map(({ value, description, labelTag }) => [value, description, labelTag])).toEqual([
    ["busy", "bob · online", "1 session"],
    ["idle", "ann · online", "4 sessions"],
    ["held", "ann · paused", "2 sessions"],
    ["away", "ann · cy · last seen 4 Nov 2026, 07:04", "4 sessions"],
    ["refused", "ann · last seen 3 Nov 2026, 07:04", "2 sessions"],
    ["unknown", "never seen", "0 sessions"],
  ]);
});
