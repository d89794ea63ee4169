import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { server } from "../testing/server";
import { ApiError, answer, api } from "./client";

const STATUS = "*/api/status";
const failure = () => answer(api.GET("/api/status")).catch((error: unknown) => error);

test("problem details become an error that the page can show", async () => {
  server.use(
    http.get(STATUS, () =>
      HttpResponse.json(
        {
          type: "https://session-replay.example/problems/data-folder-busy",
          title: "The data folder is busy",
          status: 503,
          detail: "Another process holds it.",
          request_id: "01J",
        },
        { status: 503, headers: { "content-type": "application/problem+json" } },
      ),
    ),
  );
  const error = await failure();
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 503, type: "data-folder-busy", requestId: "01J", passing: true });
});

test.each([
  ["<h1>Bad gateway</h1>", "text/html"],
  ["{ not json", "application/json"],
  ['{"detail": 7}', "application/json"],
])("an answer of somebody else (%s) is told by its status", async (body, type) => {
  server.use(
    http.get(
      STATUS,
      () => new HttpResponse(body, { status: 502, headers: { "content-type": type, "x-request-id": "r9" } }),
    ),
  );
  expect(await failure()).toMatchObject({ status: 502, type: "http-502", requestId: "r9" });
});

test("no answer at all is an error of its own, and trying again may help", async () => {
  server.use(http.get(STATUS, () => HttpResponse.error()));
  expect(await failure()).toMatchObject({ status: 0, type: "unreachable", passing: true });
});
