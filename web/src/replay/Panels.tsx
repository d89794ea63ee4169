import {
  type CSSProperties,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";

interface PanelWidth {
  /** Name in this browser's storage. */
  name: string;
  initial: number;
  min: number;
  max: number;
}

const LIST_WIDTH: PanelWidth = { name: "list-width", initial: 240, min: 180, max: 480 };
const INSPECTOR_WIDTH: PanelWidth = { name: "inspector-width", initial: 420, min: 280, max: 1100 };

const STEP_PX = 24;

/** A width that the reader chose, remembered in this browser. */
function useWidth(panel: PanelWidth): [number, (width: number) => void] {
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
function useMedia(query: string): boolean {
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

/** Which panels are on the screen, and how to show and fold them. */
export interface PanelsShown {
  list: boolean;
  inspector: boolean;
  /** The inspector lies over the trace. */
  inDrawer: boolean;
  /** The session list lies over the trace. */
  listOver: boolean;
  /** There is room for one panel only. */
  isSingle: boolean;
  showList: (shown: boolean) => void;
  showInspector: (shown: boolean) => void;
}

/**
 * The panels as the reader left them, where the window has room for them beside the trace. Where they lie over it they
 * show themselves only when asked for, or when the page was opened at an entry.
 */
export function usePanelsShown(atEntry: boolean): PanelsShown {
  const [listChosen, chooseList] = useChoice("list-shown", true);
  const [inspectorChosen, chooseInspector] = useChoice("inspector-shown", true);
  const [listAsked, askList] = useState(false);
  const [inspectorAsked, askInspector] = useState(atEntry);
  const inDrawer = useMedia("(max-width: 1099px)");
  const listOver = useMedia("(max-width: 899px)");
  const isSingle = useMedia("(max-width: 699px)");
  return {
    list: listOver ? listAsked : listChosen,
    inspector: inDrawer ? inspectorAsked : inspectorChosen,
    inDrawer,
    listOver,
    isSingle,
    showList: listOver ? askList : chooseList,
    showInspector: inDrawer ? askInspector : chooseInspector,
  };
}

interface Props {
  shown: PanelsShown;
  list: ReactNode;
  inspector: ReactNode;
  wide: boolean;
  children: ReactNode;
}

/** Three panels with widths to drag; in a narrow window the outer ones lie over the trace, or are tabs beside it. */
export function Panels({ shown, list, inspector, wide, children }: Props) {
  const [listWidth, setListWidth] = useWidth(LIST_WIDTH);
  const [inspectorWidth, setInspectorWidth] = useWidth(INSPECTOR_WIDTH);
  const drawer = useDrawerFocus(shown.inDrawer && shown.inspector);
  const style = { "--sr-list": `${listWidth}px`, "--sr-inspector": `${inspectorWidth}px` } as CSSProperties;
  const { isSingle } = shown;
  return (
    <div className="sr-panels-frame">
      {isSingle && <PanelTabs shown={shown} />}
      <div className={wide && shown.inspector ? "sr-panels sr-panels-wide" : "sr-panels"} style={style}>
        {shown.list && <div className="sr-panel sr-panel-list">{list}</div>}
        {shown.list && !shown.listOver && (
          <Divider
            label="Width of the session list"
            panel={LIST_WIDTH}
            width={listWidth}
            onWidth={setListWidth}
            side={1}
          />
        )}
        <div className="sr-panel sr-panel-trace" inert={isSingle && (shown.list || shown.inspector)}>
          {children}
        </div>
        {shown.inspector && !shown.inDrawer && (
          <Divider
            label="Width of the inspector"
            panel={INSPECTOR_WIDTH}
            width={inspectorWidth}
            onWidth={setInspectorWidth}
            side={-1}
          />
        )}
        {shown.inspector && (
          <div
            ref={drawer}
            className="sr-panel sr-panel-inspector"
            tabIndex={shown.inDrawer ? -1 : undefined}
            inert={isSingle && shown.list}
          >
            {inspector}
          </div>
        )}
      </div>
    </div>
  );
}

/** Where there is room for one panel: which. */
function PanelTabs({ shown }: { shown: PanelsShown }) {
  const current = shown.list ? "Sessions" : shown.inspector ? "Entry" : "Trace";
  const choose = (panel: string) => {
    shown.showList(panel === "Sessions");
    if (panel !== "Sessions") shown.showInspector(panel === "Entry");
  };
  return (
    <nav className="sr-panel-tabs" aria-label="Panels">
      {["Sessions", "Trace", "Entry"].map((panel) => (
        <button
          key={panel}
          type="button"
          aria-current={panel === current ? "true" : undefined}
          onClick={() => choose(panel)}
        >
          {panel}
        </button>
      ))}
    </nav>
  );
}

/** The focus goes into a drawer that opens, and back to where it was when it closes. */
function useDrawerFocus(open: boolean) {
  const panel = useRef<HTMLDivElement>(null);
  const wasOpen = useRef(open);
  const cameFrom = useRef<Element | null>(null);
  useEffect(() => {
    if (open === wasOpen.current) return;
    wasOpen.current = open;
    if (open) {
      cameFrom.current = document.activeElement;
      panel.current?.focus();
      return;
    }
    const back = cameFrom.current;
    if (back instanceof HTMLElement && back.isConnected && back !== document.body) back.focus();
    else document.querySelector<HTMLElement>(".sr-panel-trace [role=feed]")?.focus();
  }, [open]);
  return panel;
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
