import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { BASE_PATH } from "./base";
import { clientsSearch } from "./clients/clients";
import { parseSearch, stringifySearch } from "./filter/address";
import { onScreen } from "./replay/onScreen";
import { type SessionsSearch, sessionsSearch } from "./sessions/search";
import { FailurePage } from "./shell/FailurePage";
import { NotFoundPage } from "./shell/NotFoundPage";
import { Shell } from "./shell/Shell";

const VIEWS = ["dev", "audit"] as const;
const TABS = ["content", "diff", "meta"] as const;

/** A session keeps the filter and order of the list that it was opened from, for the list at its side. */
interface ReplaySearch extends SessionsSearch {
  view?: (typeof VIEWS)[number];
  q?: string;
  /** Number of an entry, or its uuid. */
  entry?: number | string;
  tab?: (typeof TABS)[number];
  agent?: string;
}

/** A text that looks like a number comes as one. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

const sessionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: lazyRouteComponent(() => import("./sessions/SessionsPage"), "SessionsPage"),
  validateSearch: sessionsSearch,
});

const replayRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/replay/$sessionId",
  component: lazyRouteComponent(() => import("./replay/SessionPage")),
  validateSearch: (search): ReplaySearch => {
    const { view, q, entry, tab, agent } = search;
    return {
      ...sessionsSearch(search),
      view: VIEWS.find((one) => one === view),
      q: textOf(q),
      entry: typeof entry === "string" || (typeof entry === "number" && entry >= 0) ? entry : undefined,
      tab: TABS.find((one) => one === tab),
      agent: textOf(agent),
    };
  },
  // Not for another entry or filter of what is on the screen: these are shown at once.
  beforeLoad: ({ params, search, preload }) =>
    preload || onScreen.sessionId === params.sessionId ? undefined : begin(params.sessionId, search),
});

async function begin(sessionId: string, { agent, entry }: ReplaySearch): Promise<void> {
  const { beginTrace } = await import("./replay/SessionPage");
  // The entry of a subagent that is opened in place is none of this session's.
  await beginTrace(sessionId, agent === undefined || agent === sessionId ? entry : undefined);
}

const clientsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/clients",
  component: lazyRouteComponent(() => import("./clients/ClientsPage"), "ClientsPage"),
  validateSearch: clientsSearch,
});

const routeTree = rootRoute.addChildren([sessionsRoute, replayRoute, clientsRoute]);

export function newRouter() {
  return createRouter({
    routeTree,
    basepath: BASE_PATH,
    parseSearch,
    stringifySearch,
    defaultErrorComponent: FailurePage,
    // The code of the page, not its data: what a pointer or the focus rests on is likely to be opened.
    defaultPreload: "intent",
    // The list restores its own place: it is virtualised, so its height comes late.
    scrollRestoration: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
