import { describe, expect, it } from "vitest";
import { call, entry, record, result } from "../entries.testing";
import type { Entry } from "../shapes";
import { Rows } from "./rows";
import { waitingOf } from "./waiting";

const AT = "2026-11-22T19:16:11.000Z";

function rowsOf(...entries: Entry[]): Rows {
  const rows = new Rows();
  rows.append(entries);
  return rows;
}

/** `model`, `Bash`, `Bash +1`, `person` or null. */
function wait(...entries: Entry[]): string | null {
  const waiting = waitingOf(rowsOf(...entries));
  if (waiting?.for !== "tool") return waiting?.for ?? null;
  return waiting.calls === 1 ? waiting.tool : `${waiting.tool} +${waiting.calls - 1}`;
}

const prompt = (line: number) => entry(line, { type: "user", raw_type: "user", preview: "go on" });
const says = (line: number, message: string) =>
  entry(line, { type: "assistant", raw_type: "assistant", message_id: message, preview: "ok" });
const asks = (line: number, id: string, message: string, facts: Partial<Entry> = {}) =>
  call(line, id, { raw_type: "assistant", message_id: message, ...facts });
const answers = (line: number, id: string) => result(line, id, { raw_type: "user" });
const request = (line: number) => record(line, { type: "progress", raw_type: "api-request", at: AT });
const machine = (line: number) => record(line, { raw_type: "tools-used" });

describe("a live session", () => {
  it("waits for the model from the prompt on, through all that the client writes meanwhile", () => {
    expect(wait()).toBeNull();
    expect(wait(prompt(0))).toBe("model");
    expect(wait(prompt(0), machine(1), machine(2))).toBe("model");
    expect(wait(prompt(0), machine(1), request(2), machine(3))).toBe("model");
    expect(waitingOf(rowsOf(prompt(0), request(1)))).toEqual({ for: "model", model: null, since: AT });
  });

  it("names the model that answered last", () => {
    const rows = rowsOf(
      prompt(0),
      { ...says(1, "m1"), model: "claude-x" },
      prompt(2),
      { ...says(3, "m2"), model: "<synthetic>" },
      prompt(4),
      request(5),
    );
    expect(waitingOf(rows)).toMatchObject({ for: "model", model: "claude-x" });
  });

  it("waits for a tool until its result has come, and for the model after it", () => {
    const turn = [prompt(0), request(1), says(2, "m1"), asks(3, "a", "m1"), machine(4)];
    expect(wait(...turn)).toBe("Bash");
    expect(wait(...turn, answers(5, "a"))).toBe("model");
    expect(
      wait(...turn, entry(5, { type: "progress", raw_type: "progress/bash_progress", tool_use_id: "a" })),
    ).toBe("Bash");
  });

  it("waits for all calls of a message", () => {
    const turn = [prompt(0), asks(1, "a", "m1"), asks(2, "b", "m1", { tool: "Read" })];
    expect(wait(...turn)).toBe("Bash +1");
    expect(wait(...turn, answers(3, "a"))).toBe("Read");
    expect(wait(...turn, answers(3, "a"), answers(4, "b"))).toBe("model");
  });

  it("forgets a call that was given up", () => {
    expect(wait(prompt(0), asks(1, "a", "m1"), prompt(2))).toBe("model");
    expect(wait(prompt(0), asks(1, "a", "m1"), says(2, "m2"))).toBe("person");
  });

  it("goes on with its call while a person types something for later", () => {
    const queued = entry(2, { type: "user", raw_type: "attachment/queued_command", preview: "then that" });
    expect(wait(prompt(0), asks(1, "a", "m1"), queued)).toBe("Bash");
  });

  it("waits for the person when the turn has ended, or was interrupted", () => {
    expect(wait(prompt(0), says(1, "m1"))).toBe("person");
    const ended = entry(2, { type: "system", raw_type: "system/turn_duration" });
    expect(wait(prompt(0), says(1, "m1"), ended, machine(3))).toBe("person");
    const interrupted = entry(2, {
      type: "system",
      raw_type: "user",
      preview: "[Request interrupted by user]",
    });
    expect(wait(prompt(0), asks(1, "a", "m1"), interrupted)).toBe("person");
  });

  it("waits for the person where the model put a question", () => {
    const rows = rowsOf(prompt(0), asks(1, "a", "m1", { tool: "ExitPlanMode", at: AT }));
    expect(waitingOf(rows)).toEqual({ for: "person", asked: true, since: AT });
    expect(wait(prompt(0), asks(1, "a", "m1", { tool: "AskUserQuestion" }), asks(2, "b", "m1"))).not.toBe(
      "person",
    );
  });

  it("is not told by what the client writes about itself", () => {
    const mode = entry(9, { type: "system", raw_type: "permission-mode", preview: "Permission mode: plan" });
    expect(wait(prompt(0), mode)).toBe("model");
    expect(wait(prompt(0), says(1, "m1"), mode)).toBe("person");
  });

  it("waits for the model after a thought", () => {
    expect(wait(prompt(0), entry(1, { type: "thinking", raw_type: "assistant", message_id: "m1" }))).toBe(
      "model",
    );
  });

  it("is not told by what its subagent does in the same file", () => {
    const inside = [
      { ...prompt(2), sidechain: true },
      { ...says(3, "m2"), sidechain: true },
    ];
    expect(wait(prompt(0), asks(1, "a", "m1", { tool: "Task" }), ...inside)).toBe("Task");
    // A subagent's own file is nothing but a sidechain.
    expect(wait(...inside)).toBe("person");
  });

  it("says nothing of an end that no rule knows", () => {
    expect(wait(entry(0, { type: "summary", raw_type: "user" }))).toBeNull();
  });
});
