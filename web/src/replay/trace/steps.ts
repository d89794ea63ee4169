import { nextIndex } from "./place";
import type { VisibleTrace } from "./query";
import type { Row } from "./rows";

interface Place {
  visible: VisibleTrace;
  /** Index of the row from which one goes on, -1 for none. */
  from: () => number;
  /** Index of the first row on the screen. */
  first: () => number;
  move: (index: number) => void;
}

export interface Steps {
  /** To the next row, or the next one that is `wanted`. */
  step: (direction: 1 | -1, wanted?: (row: Row) => boolean) => void;
  /** To the next row that holds the text looked for; behind the last comes the first. */
  stepMatch: (direction: 1 | -1) => void;
}

/** Ways through the rows that are shown; where none is selected they begin at the first on the screen. */
export function stepsOf({ visible, from, first, move }: Place): Steps {
  return {
    step: (direction, wanted = () => true) => {
      const here = from();
      const start = here >= 0 ? here : first() - (direction === 1 ? 1 : 0);
      move(nextIndex(visible.rows, start, direction, wanted));
    },
    stepMatch: (direction) => {
      const { matches } = visible;
      if (matches.length === 0) return;
      const here = from();
      const start = here >= 0 ? here : first() - direction;
      const next =
        direction === 1
          ? (matches.find((index) => index > start) ?? matches[0])
          : (matches.findLast((index) => index < start) ?? matches.at(-1));
      move(next ?? -1);
    },
  };
}
