import { expect, test } from "vitest";
import { faultOf, isLoopback, likelySystem, SYSTEMS, stepsOf } from "./commands";

test("each system's steps hold the token in one command, and nowhere else", () => {
  for (const system of SYSTEMS) {
    const steps = stepsOf(system, "https://replay.example.com/sr", "srt_abc");
    const told = steps.filter(({ command }) => command.includes("srt_abc"));
    expect(told.map(({ command }) => command)).toEqual([
      "session-replay collect --server https://replay.example.com/sr --token srt_abc",
    ]);
    expect(steps[0]?.command).toContain("pipx install session-replay");
  }
});

test("an address with signs of the shell is quoted", () => {
  const command = stepsOf("linux", "https://replay.example.com/a&b'c", "srt_abc")[1]?.command;
  expect(command).toBe(
    "session-replay collect --server 'https://replay.example.com/a&b%27c' --token srt_abc",
  );
});

test("an address that a collector would refuse is refused before a token is made", () => {
  expect(faultOf("https://replay.example.com")).toBeUndefined();
  expect(faultOf("http://127.0.0.1:8420")).toBeUndefined();
  expect(faultOf("http://localhost:8420/sr")).toBeUndefined();
  expect(faultOf("http://replay.example.com")).toMatch(/in clear/);
  for (const none of ["", "replay.example.com", "ftp://replay.example.com", "https://x?y=1", "https://me@x"])
    expect(faultOf(none), none).toMatch(/Write it like/);
});

test("loopback is what only this machine reaches", () => {
  expect(["http://127.0.0.1:1", "http://localhost", "http://[::1]:8420"].every(isLoopback)).toBe(true);
  expect(["https://replay.example.com", "http://10.0.0.1", "nonsense"].some(isLoopback)).toBe(false);
});

test("the browser's platform is the first guess", () => {
  expect(likelySystem("MacIntel")).toBe("macos");
  expect(likelySystem("Win32")).toBe("windows");
  expect(likelySystem("Linux x86_64")).toBe("linux");
});
