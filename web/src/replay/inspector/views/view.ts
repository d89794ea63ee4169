import type { ReactNode } from "react";
import type { EntryWhole, FileDiff } from "../../shapes";
import type { Reading } from "../reading";
import type { Trait } from "./pieces";

/** A tool call as its view sees it. */
export interface CallScene {
  tool: string;
  /** The view shows all of it: what it knows in its form, the rest as fields. */
  input: Reading;
  call: EntryWhole;
  /** Null while there is none, or none has come yet. */
  result: EntryWhole | null;
  /** What the client noted about the result beside its text; empty for a failed call. */
  outcome: Reading;
  /** What the call did to files, or would have done. */
  diffs: readonly FileDiff[];
  project: string | null;
}

/** A call with its result. */
export interface ResultScene extends CallScene {
  result: EntryWhole;
}

/** How one tool is shown. */
export interface ToolView {
  input: (scene: CallScene) => ReactNode;
  /** How the call ended, in short facts above its output; of failed calls, too. */
  facts?: (scene: ResultScene) => readonly (Trait | string | false | null)[];
  /** The output in the form that fits the tool; null where only the text of the result fits. */
  output?: (scene: ResultScene) => ReactNode | null;
}
