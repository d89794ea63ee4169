import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import type { NoticeType } from "./Notice";

export interface Crumb {
  text: string;
  /** Path inside the app: `/`, `/replay/ID`; the last crumb's is the page itself. */
  href: string;
  /** What its address keeps, such as the filter of the list. */
  search?: object;
}

/** What a page tells the frame around it. */
export interface PageFrame {
  /** Of the browser's tab; the product's name is added. */
  title: string;
  crumbs: Crumb[];
  /** The page fills the space under the top bar, without paddings, and scrolls by itself. */
  fill?: boolean;
}

interface Flash {
  type: NoticeType;
  header?: ReactNode;
  content: ReactNode;
  /** A later message of the same id replaces the earlier one. */
  id?: string;
}

interface Frame {
  page: PageFrame;
  setPage: (page: PageFrame) => void;
  flashes: (Flash & { id: string })[];
  flash: (message: Flash) => void;
  dismiss: (id: string) => void;
  announcement: string;
  announce: (text: string) => void;
}

const FrameContext = createContext<Frame | null>(null);

const EMPTY: PageFrame = { title: "", crumbs: [] };
let flashNumber = 0;

export function FrameProvider({ children }: { children: ReactNode }) {
  const [page, setPage] = useState(EMPTY);
  const [flashes, setFlashes] = useState<(Flash & { id: string })[]>([]);
  const [announcement, announce] = useState("");

  const dismiss = useCallback((id: string) => {
    setFlashes((shown) => shown.filter((one) => one.id !== id));
  }, []);
  const flash = useCallback((message: Flash) => {
    flashNumber += 1;
    const id = message.id ?? `flash-${flashNumber}`;
    setFlashes((shown) => [...shown.filter((one) => one.id !== id), { ...message, id }]);
  }, []);

  const frame = useMemo(
    () => ({ page, setPage, flashes, flash, dismiss, announcement, announce }),
    [page, flashes, flash, dismiss, announcement],
  );
  return <FrameContext value={frame}>{children}</FrameContext>;
}

/** The frame, for the shell itself. */
export function useFrame(): Frame {
  const frame = useContext(FrameContext);
  if (frame === null) throw new Error("useFrame outside of FrameProvider");
  return frame;
}

/** Called by each page with what it wants around it. */
export function usePage({ title, crumbs, fill = false }: PageFrame): void {
  const { setPage } = useFrame();
  // Crumbs are written in place, so their identity says nothing: their content does.
  const written = JSON.stringify(crumbs);
  useEffect(() => {
    setPage({ title, crumbs: JSON.parse(written) as Crumb[], fill });
    document.title = title === "" ? "Session Replay" : `${title} · Session Replay`;
  }, [setPage, title, written, fill]);
}

/** Messages at the top of the page, which the reader dismisses. */
export function useFlash(): { flash: (message: Flash) => void; dismiss: (id: string) => void } {
  const { flash, dismiss } = useFrame();
  return useMemo(() => ({ flash, dismiss }), [flash, dismiss]);
}

/** Says a change to people who cannot see it, through one polite live region. */
export function useAnnounce(): (text: string) => void {
  return useFrame().announce;
}
