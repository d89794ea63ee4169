import { type CSSProperties, type ReactNode, useMemo, useState, useSyncExternalStore } from "react";

interface PanelWidth {
  /** Name in this browser's storage. */
  name: string;
  initial: number;
  min: number;
  max: number;
}

export const LIST_WIDTH: PanelWidth = {
  name: "list-width",
  initial: share(0.18, 216, 264),
  min: 180,
  max: 480,
};
export const INSPECTOR_WIDTH: PanelWidth = {
  name: "inspector-width",
  initial: share(0.31, 380, 620),
  min: 280,
  max: 1100,
};

const STEP_PX = 24;

/** A part of the window's width, within bounds. */
function share(part: number, least: number, most: number): number {
  return Math.round(Math.min(most, Math.max(least, window.innerWidth * part)));
}

/** A width that the reader chose, remembered in this browser. */
export function useWidth(panel: PanelWidth): [number, (width: number) => void] {
  const [width, setWidth] = useState(() => clamped(storedNumber(panel.name) ?? panel.initial, panel));
  const choose = (next: number) => {
    const value = clamped(Math.round(next), panel);
    setWidth(value);
    store(panel.name, String(value));
  };
  return [width, choose];
}

/** A yes or no of the reader, remembered in this browser. */
export function useChoice(name: string, initial: boolean): [boolean, (value: boolean) => void] {
  const [value, setValue] = useState(() => {
    const stored = storedText(name);
    return stored === null ? initial : stored === "yes";
  });
  return [
    value,
    (next) => {
      setValue(next);
      store(name, next ? "yes" : "no");
    },
  ];
}

/** Whether the window is as the media query says, as long as it is. */
export function useMedia(query: string): boolean {
  const [subscribe, matches] = useMemo(() => {
    const media = window.matchMedia(query);
    return [
      (changed: () => void) => {
        media.addEventListener("change", changed);
        return () => media.removeEventListener("change", changed);
      },
      () => media.matches,
    ] as const;
  }, [query]);
  return useSyncExternalStore(subscribe, matches);
}

interface Props {
  list: ReactNode | null;
  inspector: ReactNode | null;
  wide: boolean;
  children: ReactNode;
}

/** Three panels with widths to drag; a panel that is null is folded away. */
export function Panels({ list, inspector, wide, children }: Props) {
  const [listWidth, setListWidth] = useWidth(LIST_WIDTH);
  const [inspectorWidth, setInspectorWidth] = useWidth(INSPECTOR_WIDTH);
  const style = { "--sr-list": `${listWidth}px`, "--sr-inspector": `${inspectorWidth}px` } as CSSProperties;
  return (
    <div className={wide && inspector ? "sr-panels sr-panels-wide" : "sr-panels"} style={style}>
      {list !== null && (
        <>
          <div className="sr-panel sr-panel-list">{list}</div>
          <Divider
            label="Width of the session list"
            panel={LIST_WIDTH}
            width={listWidth}
            onWidth={setListWidth}
            side={1}
          />
        </>
      )}
      <div className="sr-panel sr-panel-trace">{children}</div>
      {inspector !== null && (
        <>
          <Divider
            label="Width of the inspector"
            panel={INSPECTOR_WIDTH}
            width={inspectorWidth}
            onWidth={setInspectorWidth}
            side={-1}
          />
          <div className="sr-panel sr-panel-inspector">{inspector}</div>
        </>
      )}
    </div>
  );
}

interface DividerProps {
  label: string;
  panel: PanelWidth;
  width: number;
  onWidth: (width: number) => void;
  /** 1: the panel lies before the divider; -1: behind it. */
  side: 1 | -1;
}

function Divider({ label, panel, width, onWidth, side }: DividerProps) {
  const [from, setFrom] = useState<{ x: number; width: number } | null>(null);
  return (
    <div
      className={from ? "sr-divider sr-divider-moving" : "sr-divider"}
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      aria-valuemin={panel.min}
      aria-valuemax={panel.max}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setFrom({ x: event.clientX, width });
      }}
      onPointerMove={(event) => {
        if (from) onWidth(from.width + side * (event.clientX - from.x));
      }}
      onPointerUp={() => setFrom(null)}
      onPointerCancel={() => setFrom(null)}
      onDoubleClick={() => onWidth(panel.initial)}
      onKeyDown={(event) => {
        const steps: Record<string, number> = { ArrowRight: side * STEP_PX, ArrowLeft: -side * STEP_PX };
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        onWidth(width + step);
      }}
    />
  );
}

function clamped(width: number, { min, max }: PanelWidth): number {
  return Math.min(max, Math.max(min, width));
}

function storedNumber(name: string): number | null {
  const value = Number.parseFloat(storedText(name) ?? "");
  return Number.isFinite(value) ? value : null;
}

function storedText(name: string): string | null {
  try {
    return localStorage.getItem(`session-replay.${name}`);
  } catch {
    return null;
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(`session-replay.${name}`, value);
  } catch {
    // Storage is switched off: the choice holds until the page is closed.
  }
}
