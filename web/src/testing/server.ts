import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";

/**
 * Stands for the Session Replay server in tests of components; each test says what it answers.
 *
 * The frame around every page asks for the clients: there are none unless a test says so.
 */
export const server = setupServer(
  http.get("*/api/clients", () => HttpResponse.json({ items: [], next_cursor: null, total: 0 })),
);
