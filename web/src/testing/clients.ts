import type { Client } from "../api/client";

/** A client whose collector is well, but for what the test says. */
export function client(fields: Partial<Client> & { id: string }): Client {
  return {
    host: "build-farm-01",
    user: "ci",
    label: null,
    state: "online",
    os: "Debian GNU/Linux 13",
    collector_version: "1.2.0",
    sessions: 12,
    files: 36,
    enrolled_at: "2026-11-01T08:00:00.000Z",
    last_seen_at: "2026-11-03T07:04:05.000Z",
    last_activity_at: "2026-11-03T07:00:00.000Z",
    live: false,
    unshipped_bytes: 0,
    lag_ms: 0,
    alarms: [],
    faults: [],
    ...fields,
  };
}
