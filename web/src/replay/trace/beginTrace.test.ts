import { renderHook, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { server } from "../../testing/server";
import { entry } from "../entries.testing";
import { beginTrace, useTrace } from "./useTrace";

/** Requests so far, by session. */
const asked: string[] = [];

function event(id: number, seqs: number[]): string {
  return `id: 0.${id}\ndata: ${JSON.stringify(seqs.map((seq) => entry(seq)))}\n\n`;
}

/** A stream that stays open behind these events. */
function stream(...events: string[]) {
  const body = new ReadableStream({
    start: (controller) => {
      for (const one of events) controller.enqueue(new TextEncoder().encode(one));
    },
  });
  return new HttpResponse(body, { headers: { "content-type": "text/event-stream" } });
}

beforeEach(() => {
  asked.length = 0;
  server.use(
    http.get("*/api/sessions/:id/entries", ({ params }) => {
      const id = String(params.id);
      asked.push(id);
      if (id === "gone") return new HttpResponse(null, { status: 404 });
      return id === "slow" ? stream() : stream(event(1, [0, 1]), event(3, [2, 3]));
    }),
  );
});

describe("a trace that is begun before its page", () => {
  it("is there when the page is drawn first, by one request, and goes on then", async () => {
    await beginTrace("a", undefined);
    const drawn: number[] = [];
    const { result, unmount } = renderHook(() => {
      const trace = useTrace("a", 0, undefined);
      drawn.push(trace.rows.entryCount);
      return trace;
    });
    expect(drawn[0]).toBe(2);
    await waitFor(() => expect(result.current.rows.entryCount).toBe(4));
    expect(asked).toEqual(["a"]);
    unmount();
  });

  it("is not begun again for what is on the screen, and anew for what was left", async () => {
    await beginTrace("a", undefined);
    const { unmount } = renderHook(() => useTrace("a", 0, undefined));
    await beginTrace("a", 7);
    expect(asked).toEqual(["a"]);
    unmount();
    await beginTrace("a", undefined);
    expect(asked).toEqual(["a", "a"]);
  });

  it("gives way to another that the reader opens instead", async () => {
    await beginTrace("b", undefined);
    await beginTrace("c", undefined);
    const { result, unmount } = renderHook(() => useTrace("c", 0, undefined));
    expect(result.current.rows.entryCount).toBe(2);
    expect(asked).toEqual(["b", "c"]);
    unmount();
  });

  it("holds no page back that has no rows yet, or never will", async () => {
    await beginTrace("slow", undefined);
    const slow = renderHook(() => useTrace("slow", 0, undefined));
    expect(slow.result.current.version).toBe(0);
    slow.unmount();
    await beginTrace("gone", undefined);
    const gone = renderHook(() => useTrace("gone", 0, undefined));
    expect(gone.result.current.connection.state).toBe("failed");
    gone.unmount();
  });
});
