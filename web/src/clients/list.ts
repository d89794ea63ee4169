import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, api } from "../api/client";

/** The clients of the organization, the alarming ones first; each page says how often it asks again. */
export const clientsQuery = queryOptions({
  queryKey: ["clients"],
  queryFn: ({ signal }) => answer(api.GET("/api/clients", { signal })),
});

/** After a change: the list as it is now, before whoever made the change goes on. */
export function refreshClients(client: QueryClient): Promise<void> {
  return client.invalidateQueries({ queryKey: clientsQuery.queryKey });
}

export const addClient = (label: string) => answer(api.POST("/api/clients", { body: { label } }));

export const renameClient = (client_id: string, label: string) =>
  answer(api.PUT("/api/clients/{client_id}/label", { params: { path: { client_id } }, body: { label } }));

export const revokeClient = (client_id: string) =>
  answer(api.POST("/api/clients/{client_id}/revocation", { params: { path: { client_id } } }));

export const letInAgain = (client_id: string) =>
  answer(api.DELETE("/api/clients/{client_id}/revocation", { params: { path: { client_id } } }));

export const acknowledgeAlarm = (client_id: string, kind: string) =>
  answer(
    api.POST("/api/clients/{client_id}/alarms/{kind}/acknowledgement", {
      params: { path: { client_id, kind } },
    }),
  );

export const raiseAlarmAgain = (client_id: string, kind: string) =>
  answer(
    api.DELETE("/api/clients/{client_id}/alarms/{kind}/acknowledgement", {
      params: { path: { client_id, kind } },
    }),
  );
