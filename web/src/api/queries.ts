import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./problem";
import { reportSignedOut } from "./signIn";

const RETRIES_MAX = 2;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiError && error.status === 401) reportSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        retry: (failures, error) => failures < RETRIES_MAX && error instanceof ApiError && error.passing,
        staleTime: 2_000,
        // Without a connection to the internet the server on this machine is still there.
        networkMode: "always",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
