import { act, renderHook, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { server } from "../../testing/server";
import { entry } from "../entries.testing";
import { excerptOf } from "./Excerpt";
import { Rows } from "./rows";
import { useMatches } from "./useMatches";
import type { TraceState } from "./useTrace";

interface Asked {
  q: string;
  after: number;
}

let asked: Asked[] = [];
let stored = 1_200;
let failing = false;

/** Every line of a session holds the words, except that "nothing" is nowhere. */
beforeEach(() => {
  asked = [];
  stored = 1_200;
  failing = false;
  server.use(
    http.get("*/api/sessions/s1/matches", ({ request }) => {
      const query = new URL(request.url).searchParams;
      const q = query.get("q") ?? "";
      const after = Number(query.get("after"));
      const limit = Number(query.get("limit"));
      asked.push({ q, after });
      if (failing) return HttpResponse.error();
      const seqs = Array.from({ length: stored }, (_, line) => line * 1024).filter((seq) => seq > after);
      const items = (q === "nothing" ? [] : seqs.slice(0, limit)).map((seq) => ({ seq, excerpt: `…${q}…` }));
      const more = items.length > 0 && seqs.length > limit;
      return HttpResponse.json({
        items,
        next_cursor: more ? String(items.at(-1)?.seq) : null,
        total: null,
        searched_to: more ? items.at(-1)?.seq : (seqs.at(-1) ?? after),
      });
    }),
  );
});

function trace(lines: number, rewrites = 0): TraceState {
  const rows = new Rows();
  rows.append([entry(lines - 1)]);
  return {
    rows,
    version: lines,
    windowed: false,
    loaded: lines,
    caughtUp: true,
    connection: { state: "open" },
    session: null,
    rewrites,
  };
}

function searching(text: string, state = trace(1_200)) {
  return renderHook(({ words, current }) => useMatches("s1", words, current), {
    initialProps: { words: text, current: state },
  });
}

test("all pages are read, and nothing is asked without words", async () => {
  const { result, rerender } = searching("");
  expect(result.current.state).toBe("off");
  rerender({ words: "jam", current: trace(1_200) });
  expect(result.current.state).toBe("searching");
  await waitFor(() => expect(result.current.state).toBe("done"));
  expect(result.current.excerpts.size).toBe(1_200);
  expect(asked.map(({ after }) => after)).toEqual([-1, 499 * 1024, 999 * 1024]);
  rerender({ words: "", current: trace(1_200) });
  expect(result.current).toMatchObject({ state: "off", excerpts: new Map() });
});

test("words that are still being typed are not asked for, and old matches are not shown for new words", async () => {
  const { result, rerender } = searching("j");
  rerender({ words: "ja", current: trace(1_200) });
  rerender({ words: "jam", current: trace(1_200) });
  await waitFor(() => expect(result.current.state).toBe("done"));
  expect(new Set(asked.map(({ q }) => q))).toEqual(new Set(["jam"]));
  rerender({ words: "nothing", current: trace(1_200) });
  expect(result.current).toMatchObject({ state: "searching", excerpts: new Map() });
  await waitFor(() => expect(result.current.state).toBe("done"));
  expect(result.current.excerpts.size).toBe(0);
});

test("a session that grew is searched from where the search ended, and one that was rewritten anew", async () => {
  const current = trace(1_200);
  const { result, rerender } = searching("jam", current);
  await waitFor(() => expect(result.current.state).toBe("done"));
  asked = [];
  stored = 1_203;
  rerender({ words: "jam", current: trace(1_203) });
  expect(result.current.excerpts.size).toBe(1_200);
  await waitFor(() => expect(result.current.excerpts.size).toBe(1_203), { timeout: 4_000 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(asked).toEqual([{ q: "jam", after: 1_199 * 1024 }]);
  stored = 10;
  rerender({ words: "jam", current: trace(10, 1) });
  expect(result.current.excerpts.size).toBe(0);
  await waitFor(() => expect(result.current.excerpts.size).toBe(10));
}, 10_000);

test("what comes while a search is under way is searched after it, though the session grows all the time", async () => {
  const { result, rerender } = searching("jam");
  await waitFor(() => expect(result.current.state).toBe("done"));
  const answers: (() => void)[] = [];
  server.use(
    http.get("*/api/sessions/s1/matches", async ({ request }) => {
      const after = Number(new URL(request.url).searchParams.get("after"));
      // What is stored when it is asked, not when it answers.
      const to = (stored - 1) * 1024;
      await new Promise<void>((resolve) => answers.push(resolve));
      const items = Array.from({ length: (to - after) / 1024 }, (_, line) => ({
        seq: after + (line + 1) * 1024,
        excerpt: "…jam…",
      }));
      return HttpResponse.json({ items, next_cursor: null, total: null, searched_to: to });
    }),
  );
  stored = 1_203;
  rerender({ words: "jam", current: trace(1_203) });
  for (let round = 1; round <= 2; round += 1) {
    await waitFor(() => expect(answers).toHaveLength(round), { timeout: 4_000 });
    stored += 3;
    rerender({ words: "jam", current: trace(stored) });
    act(() => answers.at(-1)?.());
    await waitFor(() => expect(result.current.excerpts.size).toBe(1_200 + 3 * round));
  }
}, 15_000);

test("a failure is told, and a retry goes on", async () => {
  failing = true;
  const { result } = searching("jam");
  await waitFor(() => expect(result.current.state).toBe("failed"));
  expect(result.current.error?.status).toBe(0);
  failing = false;
  act(() => result.current.retry());
  await waitFor(() => expect(result.current.state).toBe("done"));
  expect(result.current.excerpts.size).toBe(1_200);
});

test("a search that nobody waits for is ended", async () => {
  const aborted = vi.fn();
  server.use(
    http.get("*/api/sessions/s1/matches", async ({ request }) => {
      request.signal.addEventListener("abort", aborted);
      asked.push({ q: "", after: 0 });
      await new Promise(() => undefined);
    }),
  );
  const { unmount } = searching("jam");
  await waitFor(() => expect(asked).toHaveLength(1));
  unmount();
  await waitFor(() => expect(aborted).toHaveBeenCalled());
});

test("a row shows an excerpt only where none of its entries shows the words itself", () => {
  const rows = new Rows();
  rows.append([
    entry(1, { type: "tool", role: "call", tool: "Bash", tool_use_id: "a" }),
    entry(2, { type: "tool", role: "result", tool_use_id: "a" }),
  ]);
  const row = rows.list[0];
  if (!row) throw new Error("no row");
  expect(excerptOf(row, undefined)).toBeNull();
  expect(excerptOf(row, new Map([[2 * 1024, "…jam…"]]))).toBe("…jam…");
  expect(
    excerptOf(
      row,
      new Map([
        [1 * 1024, null],
        [2 * 1024, "…jam…"],
      ]),
    ),
  ).toBeNull();
  expect(excerptOf(row, new Map([[5 * 1024, "…"]]))).toBeNull();
});
