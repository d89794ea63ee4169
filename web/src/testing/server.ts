import { setupServer } from "msw/node";

/** Stands for the Session Replay server in tests of components; each test says what it answers. */
export const server = setupServer();
