import { expect, test } from "vitest";
import { client } from "../testing/clients";
import { ageOf, clientsSearch, enrolledSince, inOrder, matching, nameOf, ownerOf } from "./clients";

const ALARM = {
  kind: "silent" as const,
  since: "2026-11-03T07:04:05.000Z",
  count: 1,
  words: "Its collector was not heard for 30 hours.",
  can_be_acknowledged: false,
  session_ids: [],
};
const ids = (clients: { id: string }[]) => clients.map(({ id }) => id).join("");
const fleet = (order: string) => [...order].map((id) => client({ id }));

test("an address says what it can say and nothing else", () => {
  expect(clientsSearch({ q: "mac", state: "alarms", client: "abc" })).toEqual({
    q: "mac",
    state: "alarms",
    client: "abc",
  });
  // The router reads digits as a number.
  expect(clientsSearch({ q: 42, client: 7 })).toEqual({ q: "42", state: undefined, client: "7" });
  expect(clientsSearch({ q: "", state: "asleep", client: { id: 1 } })).toEqual({});
});

test("every word must be in one of the client's names", () => {
  const alice = client({ id: "a", label: "Alice’s laptop", host: "mbp-7", user: "alice", os: "macOS 15.1" });
  const farm = client({ id: "b", alarms: [ALARM] });
  const found = (text: string) => ids(matching([alice, farm], undefined, text));
  expect(found("")).toBe("ab");
  expect(found("  MACOS mbp ")).toBe("a");
  expect(found("ci 1.2")).toBe("b");
  expect(found("alice farm")).toBe("");
  expect(ids(matching([alice, farm], "alarms", ""))).toBe("b");
  expect(ids(matching([alice, farm], "online", "laptop"))).toBe("a");
  expect(ids(matching([alice, farm], "paused", ""))).toBe("");
});

test("known clients keep their places and new ones go to theirs", () => {
  expect(ids(inOrder(fleet("cab"), [..."abc"]))).toBe("abc");
  expect(ids(inOrder(fleet("xcyabz"), [..."abc"]))).toBe("yabxcz");
  expect(ids(inOrder(fleet("ca"), [..."abc"]))).toBe("ac");
  expect(ids(inOrder(fleet("cab"), []))).toBe("cab");
  expect(ids(inOrder([], [..."abc"]))).toBe("");
});

test("an age is said in its largest unit", () => {
  const now = Date.parse("2026-11-03T12:00:00Z");
  expect(ageOf("2026-11-03T11:59:10Z", now)).toBe("just now");
  expect(ageOf("2026-11-03T12:00:40Z", now)).toBe("just now");
  expect(ageOf("2026-11-03T11:55:10Z", now)).toBe("4m ago");
  expect(ageOf("2026-11-03T03:00:00Z", now)).toBe("9h ago");
  expect(ageOf("2026-10-31T11:00:00Z", now)).toBe("3d ago");
  expect(ageOf(null, now)).toBe("–");
});

test("the second line says what the name does not", () => {
  expect([nameOf(client({ id: "a" })), ownerOf(client({ id: "a" }))]).toEqual(["build-farm-01", "ci"]);
  const named = client({ id: "a", label: "Farm" });
  expect([nameOf(named), ownerOf(named)]).toEqual(["Farm", "ci on build-farm-01"]);
  expect(nameOf(client({ id: "a", host: "" }))).toBe("a");
});

test("who redeemed a token has its name and was enrolled since, also under an id that was there before", () => {
  const before = new Map([
    ["old", "2026-11-01T08:00:00.000Z"],
    ["imported", null],
  ]);
  const old = client({ id: "old", label: "Farm" });
  expect(enrolledSince([old], "Farm", before)).toBeUndefined();
  const other = client({ id: "new", label: "Other" });
  expect(enrolledSince([old, other], "Farm", before)).toBeUndefined();
  const fresh = client({ id: "new", label: "Farm", enrolled_at: "2026-11-03T08:00:00.000Z" });
  expect(enrolledSince([old, other, fresh], "Farm", before)).toBe(fresh);
  const taken = client({ id: "imported", label: "Farm", enrolled_at: "2026-11-03T08:00:00.000Z" });
  expect(enrolledSince([old, taken], "Farm", before)).toBe(taken);
});
