import { type ClientState, STATES } from "./clients";

/** Told apart by shape as well: a disc, a ring, bars, a struck ring, an arrow into a tray. */
const SIGNS: Record<ClientState, string> = {
  online: "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
  offline: "M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
  paused: "M6 4v8M10 4v8",
  revoked: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3M4.5 4.5l7 7",
  imported: "M8 2.5v6M5.5 6.5 8 9l2.5-2.5M3 10v3h10v-3",
};

export function StateMark({ state }: { state: ClientState }) {
  return (
    <span className={`client-state client-state-${state}`} title={STATES[state].means}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SIGNS[state]} />
      </svg>
      {STATES[state].label}
    </span>
  );
}

export function AlarmSign() {
  return (
    <svg className="alarm-sign" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.4v.4" />
    </svg>
  );
}
