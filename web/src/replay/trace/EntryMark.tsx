import type { ReactNode } from "react";
import type { EntryType } from "../shapes";

/** What people read for each type; the colour is `--sr-type` of `.sr-type-<type>`. */
export const TYPE_WORDS: Record<EntryType, string> = {
  user: "User",
  assistant: "Assistant",
  tool: "Tool",
  thinking: "Thinking",
  progress: "Progress",
  system: "System",
  summary: "Summary",
  snapshot: "Snapshot",
};

const SHAPES: Record<EntryType, ReactNode> = {
  user: (
    <>
      <circle cx="8" cy="5" r="2.75" />
      <path d="M2.75 14c.4-3 2.4-4.5 5.25-4.5s4.85 1.5 5.25 4.5" />
    </>
  ),
  assistant: <path d="M8 1.75 9.6 6.4 14.25 8 9.6 9.6 8 14.25 6.4 9.6 1.75 8 6.4 6.4Z" />,
  tool: (
    <path d="M10.2 2.2a3.6 3.6 0 0 0-3.5 5L2.3 11.6a1.45 1.45 0 0 0 2.1 2.1l4.4-4.4a3.6 3.6 0 0 0 4.8-4.3L11.5 7 9.2 6.8 9 4.5l2-2.1a3.6 3.6 0 0 0-.8-.2Z" />
  ),
  thinking: (
    <>
      <path d="M5.8 10.8C4.6 9.9 3.8 8.6 3.8 6.9a4.2 4.2 0 1 1 8.4 0c0 1.7-.8 3-2 3.9v1.2H5.8Z" />
      <path d="M6.5 14.25h3" />
    </>
  ),
  progress: (
    <>
      <path d="M13.5 8A5.5 5.5 0 1 1 8 2.5" />
      <path d="M8 5v3.2l2.2 1.3" />
    </>
  ),
  system: (
    <>
      <rect x="2" y="3" width="12" height="10" rx="1.5" />
      <path d="m4.75 6.25 2 1.75-2 1.75M8.5 10.25h2.75" />
    </>
  ),
  summary: <path d="M2.5 3.5h11M2.5 6.5h11M2.5 9.5h7M2.5 12.5h4.5" />,
  snapshot: (
    <>
      <path d="M2 5.25h2.7L5.9 3.25h4.2l1.2 2H14v7.5H2Z" />
      <circle cx="8" cy="8.75" r="2.25" />
    </>
  ),
};

/** The icon of an entry type, in its colour; the word beside it is what a screen reader says. */
export function TypeIcon({ type }: { type: EntryType }) {
  return (
    <svg className={`sr-icon sr-type-${type}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {SHAPES[type]}
    </svg>
  );
}

const GLYPHS = {
  link: (
    <path d="M6.5 9.5a2.6 2.6 0 0 0 3.8.2l2.2-2.2a2.6 2.6 0 0 0-3.7-3.7L7.7 4.9M9.5 6.5a2.6 2.6 0 0 0-3.8-.2L3.5 8.5a2.6 2.6 0 0 0 3.7 3.7l1.1-1.1" />
  ),
  copy: <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8Z" />,
  download: <path d="M8 2.25v7.5M4.75 6.75 8 10l3.25-3.25M2.5 12.75h11" />,
  check: <path d="m3 8.5 3.2 3.2L13 4.8" />,
  cross: <path d="m4 4 8 8M12 4l-8 8" />,
  denied: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="m4 12 8-8" />
    </>
  ),
  question: <path d="M5.75 6a2.25 2.25 0 1 1 3.3 2c-.7.4-1.05.8-1.05 1.6M8 12v.5" />,
  right: <path d="m6 3.5 4.5 4.5L6 12.5" />,
  down: <path d="m3.5 6 4.5 4.5L12.5 6" />,
  up: <path d="M3.5 10 8 5.5l4.5 4.5" />,
  left: <path d="M10 3.5 5.5 8l4.5 4.5" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.25" />
      <path d="m10.3 10.3 3.2 3.2" />
    </>
  ),
  branch: (
    <>
      <circle cx="4.5" cy="3.5" r="1.5" />
      <circle cx="4.5" cy="12.5" r="1.5" />
      <circle cx="11.5" cy="5.5" r="1.5" />
      <path d="M4.5 5v6M11.5 7c0 2.5-3.5 2.5-6.7 4" />
    </>
  ),
  folder: <path d="M1.75 12.75v-9.5h4.5l1.5 1.75h6.5v7.75Z" />,
  host: (
    <>
      <rect x="2" y="2.75" width="12" height="8" rx="1" />
      <path d="M5.5 13.5h5M8 10.75v2.75" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="M8 4.75V8l2.25 1.5" />
    </>
  ),
  agent: (
    <>
      <rect x="3" y="5.5" width="10" height="7.5" rx="1.5" />
      <path d="M8 5.5v-3M6 8.75v1M10 8.75v1" />
    </>
  ),
  panelLeft: <path d="M2 3h12v10H2ZM6 3v10" />,
  panelRight: <path d="M2 3h12v10H2ZM10 3v10" />,
  damaged: <path d="M8 2.25 14.25 13.25H1.75ZM8 6.5v3.25M8 11.25v.5" />,
  alert: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="M8 4.75v4M8 11v.25" />
    </>
  ),
  flag: <path d="M3.75 14V2.5h8.5l-2 3 2 3h-8.5" />,
  diff: <path d="M8 2.5v6M5 5.5h6M5 12.5h6" />,
  funnel: <path d="M2.25 3h11.5L9.5 8.25v4.5l-3-1.5v-3Z" />,
} as const satisfies Record<string, ReactNode>;

export type GlyphName = keyof typeof GLYPHS;

/** A small picture beside a word, or in a button that has a label of its own. */
export function Glyph({ name }: { name: GlyphName }) {
  return (
    <svg className="sr-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {GLYPHS[name]}
    </svg>
  );
}
