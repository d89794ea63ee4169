/** How marks look: each has a shape and a colour of its own, so that neither must be told apart alone. */
import type { Picture } from "./picture";
import { MARK, type MarkName } from "./timeline";

interface Look {
  name: MarkName;
  /** A colour of the palette. */
  colour: string;
  word: string;
}

/** The most telling first: where there is room for one, it is that. */
export const LOOKS: readonly Look[] = [
  { name: "finding", colour: "bad", word: "finding" },
  { name: "prompt", colour: "user", word: "human prompt" },
  { name: "error", colour: "bad", word: "error or denial" },
  { name: "notice", colour: "warn", word: "finding of low severity" },
  { name: "compaction", colour: "summary", word: "summary" },
  { name: "subagent", colour: "assistant", word: "subagent" },
  { name: "change", colour: "ok", word: "file change" },
];

/** The most telling mark of a sum that is among `wanted`, null for none. */
export function lookOf(marks: number, wanted: number): Look | null {
  const among = marks & wanted;
  if (among === 0) return null;
  return LOOKS.find(({ name }) => (among & MARK[name]) !== 0) ?? null;
}

/** The words of a sum of marks. */
export function wordsOfMarks(marks: number): string[] {
  return LOOKS.filter(({ name }) => (marks & MARK[name]) !== 0).map(({ word }) => word);
}

/** Draws a mark around a point. */
export function drawMark({ context, colour }: Picture, look: Look, x: number, y: number): void {
  context.fillStyle = colour(look.colour);
  context.strokeStyle = colour(look.colour);
  context.lineWidth = 1.5;
  context.beginPath();
  switch (look.name) {
    case "prompt":
      polygon(context, [x - 4, y - 3.5, x + 4, y - 3.5, x, y + 3.5]);
      context.fill();
      break;
    case "finding":
    case "notice":
      polygon(context, [x, y - 4.25, x + 4.25, y, x, y + 4.25, x - 4.25, y]);
      if (look.name === "finding") context.fill();
      else context.stroke();
      break;
    case "error":
      context.moveTo(x - 2.5, y - 2.5);
      context.lineTo(x + 2.5, y + 2.5);
      context.moveTo(x + 2.5, y - 2.5);
      context.lineTo(x - 2.5, y + 2.5);
      context.lineWidth = 1.75;
      context.stroke();
      break;
    case "change":
      context.fillRect(x - 2, y - 2, 4, 4);
      break;
    case "subagent":
      context.arc(x, y, 2.75, 0, 2 * Math.PI);
      context.stroke();
      break;
    case "compaction":
      context.fillRect(x - 4, y - 3, 8, 1.75);
      context.fillRect(x - 4, y + 1.25, 8, 1.75);
      break;
    case "idle":
      break;
  }
}

function polygon(context: CanvasRenderingContext2D, corners: readonly number[]): void {
  for (let index = 0; index < corners.length; index += 2)
    context.lineTo(corners[index] ?? 0, corners[index + 1] ?? 0);
  context.closePath();
}
