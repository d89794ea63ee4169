import { type ReactNode, useSyncExternalStore } from "react";
import { formatCount, formatDuration } from "../../format";
import type { ReplayAction } from "../keys";
import { timeWords } from "./RowTip";
import { type Replay, type ReplayState, SPEEDS } from "./replay";
import { Track } from "./Track";
import { idleChoice, speedChoice } from "./useReplay";

interface Props {
  replay: Replay;
  actions: Record<ReplayAction, () => void>;
  /** Index of the row that is looked at, -1 for none. */
  selected: number;
  live: boolean;
  zone: string;
}

/** Lets a trace unfold as it did: play and step, how fast, and where it stands. */
export function ReplayBar({ replay, actions, selected, live, zone }: Props) {
  const state = useSyncExternalStore(replay.subscribe, replay.get);
  const { timeline, position, playing, scrubbing } = state;
  const { length } = timeline.rows;
  const none = length === 0;
  const runs = playing || scrubbing;
  return (
    <section className="sr-replay" aria-label="Replay">
      <div className="sr-transport">
        <TransportButton
          label="From the start"
          disabled={none}
          act={() => replay.goTo(0)}
          className="sr-to-start"
        >
          <path d="M4 3.5v9M12.5 3.5 6.5 8l6 4.5Z" />
        </TransportButton>
        <TransportButton label="One row back" hint="←" disabled={none} act={actions["step-back"]}>
          <path d="M10.5 3.5 5 8l5.5 4.5" />
        </TransportButton>
        <TransportButton
          label={runs ? "Pause" : "Play"}
          hint="Space"
          disabled={none}
          act={actions.play}
          className="sr-play"
        >
          {runs ? <path d="M5.5 3.5v9M10.5 3.5v9" /> : <path d="M5 3 12.5 8 5 13Z" />}
        </TransportButton>
        <TransportButton label="One row forth" hint="→" disabled={none} act={actions["step-forth"]}>
          <path d="M5.5 3.5 11 8l-5.5 4.5" />
        </TransportButton>
        <TransportButton
          label={live ? "Back to live" : "Show the whole trace"}
          hint="Esc"
          disabled={position === null}
          act={() => replay.showAll()}
        >
          <path d="M12 3.5v9M3.5 3.5 9.5 8l-6 4.5Z" />
        </TransportButton>
      </div>
      <Choices />
      <Track replay={replay} state={state} selected={selected} zone={zone} />
      <p className="sr-replay-place">
        <Place state={state} selected={selected} zone={zone} live={live} />
      </p>
      {/* Where all is on one line it keeps its room, so that nothing moves when a replay begins. */}
      <button
        type="button"
        className={position === null ? "sr-button sr-replay-end sr-replay-over" : "sr-button sr-replay-end"}
        onClick={() => replay.showAll()}
      >
        {live && <span className="sr-live-dot" />}
        {live ? "Back to live" : "Show all"}
        {state.arrived > 0 && <b>{formatCount(state.arrived)} new</b>}
      </button>
    </section>
  );
}

function Choices() {
  const skips = idleChoice.use() === "skip";
  return (
    <div className="sr-replay-choices">
      <select
        className="sr-speed"
        aria-label="Speed"
        title="Speed (< and >)"
        value={speedChoice.use()}
        onChange={(event) => speedChoice.set(event.target.value as `${(typeof SPEEDS)[number]}`)}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {speed}×
          </option>
        ))}
      </select>
      <button
        type="button"
        className="sr-skip"
        aria-pressed={skips}
        title={skips ? "No pause lasts longer than two seconds" : "Pauses last as long as they did"}
        onClick={() => idleChoice.set(skips ? "keep" : "skip")}
      >
        Skip idle
      </button>
    </div>
  );
}

interface PlaceProps {
  state: ReplayState;
  selected: number;
  zone: string;
  live: boolean;
}

/** Which row it is and when that was: at the playhead, else where one looks. */
function Place({ state, selected, zone, live }: PlaceProps) {
  const { timeline, position, count } = state;
  const { length } = timeline.rows;
  const place = (row: number, instant: number) => (
    <>
      <b>{formatCount(row)}</b>
      <span className="sr-replay-of"> of {formatCount(length)}</span>
      <span className="sr-replay-time"> · {timeWords(timeline, instant, zone)}</span>
    </>
  );
  if (position !== null) return place(count, timeline.instantAt(position));
  if (live && selected < 0) return <span className="sr-live">Live</span>;
  if (selected >= 0 && selected < length) return place(selected + 1, timeline.instants[selected] ?? 0);
  const span = (timeline.instants[length - 1] ?? 0) - (timeline.instants[0] ?? 0);
  return (
    <>
      <b>{formatCount(length)}</b> {length === 1 ? "row" : "rows"}
      {span > 0 && <span className="sr-replay-time"> · {formatDuration(span)}</span>}
    </>
  );
}

interface TransportProps {
  label: string;
  hint?: string;
  disabled: boolean;
  act: () => void;
  className?: string;
  children: ReactNode;
}

function TransportButton({ label, hint, disabled, act, className = "", children }: TransportProps) {
  return (
    <button
      type="button"
      className={`sr-icon-button ${className}`}
      aria-label={label}
      title={hint ? `${label} (${hint})` : label}
      disabled={disabled}
      onClick={act}
    >
      <svg className="sr-icon sr-transport-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        {children}
      </svg>
    </button>
  );
}
