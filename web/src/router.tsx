import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { BASE_PATH } from "./base";
import { type FilterNode, filterOf } from "./filter/filter";
import { SessionsPage } from "./sessions/SessionsPage";
import { SORTS, type Sort } from "./sessions/sort";
import { FailurePage } from "./shell/FailurePage";
import { NotFoundPage } from "./shell/NotFoundPage";
import { Shell } from "./shell/Shell";

export interface SessionsSearch {
  filter?: FilterNode;
  sort?: Sort;
}

const TABS = ["content", "diff", "meta"] as const;

/** A session keeps the filter and order of the list that it was opened from, for the list at its side. */
export interface ReplaySearch extends SessionsSearch {
  view?: "dev" | "audit";
  q?: string;
  /** Number of an entry, or its uuid. */
  entry?: number | string;
  tab?: (typeof TABS)[number];
  agent?: string;
}

function sessionsSearch(search: Record<string, unknown>): SessionsSearch {
  const filter = filterOf(search.filter);
  const sort = SORTS.find((one) => one === search.sort);
  return { ...(filter && { filter }), ...(sort && { sort }) };
}

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

const sessionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: SessionsPage,
  validateSearch: sessionsSearch,
});

const replayRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/replay/$sessionId",
  component: lazyRouteComponent(() => import("./replay/SessionPage")),
  validateSearch: (search): ReplaySearch => {
    const { view, q, entry, tab, agent } = search;
    const known = TABS.find((one) => one === tab);
    return {
      ...sessionsSearch(search),
      ...((view === "dev" || view === "audit") && { view }),
      ...((typeof q === "string" || typeof q === "number") && { q: String(q) }),
      ...((typeof entry === "string" || (typeof entry === "number" && entry >= 0)) && { entry }),
      ...(known && { tab: known }),
      ...((typeof agent === "string" || typeof agent === "number") && { agent: String(agent) }),
    };
  },
});

const routeTree = rootRoute.addChildren([sessionsRoute, replayRoute]);

export function newRouter() {
  return createRouter({
    routeTree,
    basepath: BASE_PATH,
    defaultErrorComponent: FailurePage,
    defaultPreload: false,
    // The list restores its own place: it is virtualised, so its height comes late.
    scrollRestoration: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
