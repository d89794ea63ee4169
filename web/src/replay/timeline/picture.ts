import { type RefObject, useCallback, useEffect, useRef } from "react";

export interface Picture {
  context: CanvasRenderingContext2D;
  /** In CSS pixels. */
  width: number;
  height: number;
  /** A colour of the palette, by its name without `--sr-`. */
  colour: (name: string) => string;
}

/**
 * A canvas at the device's resolution, drawn at most once a frame: when `draw`, its size or the theme changes.
 *
 * The first time a frame later: to measure it and ask for its colours lays the page out once more, and what it stands
 * beside is waited for.
 */
export function usePicture(draw: (picture: Picture) => void): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  const frame = useRef(0);
  const isDrawn = useRef(false);
  const request = useCallback(() => {
    if (frame.current !== 0) return;
    const drawNow = () => {
      frame.current = 0;
      if (canvas.current) paint(canvas.current, latest.current);
    };
    frame.current = requestAnimationFrame(() => {
      if (isDrawn.current) return drawNow();
      isDrawn.current = true;
      frame.current = requestAnimationFrame(drawNow);
    });
  }, []);
  useEffect(() => {
    latest.current = draw;
    request();
  }, [draw, request]);
  useEffect(() => {
    const sizes = new ResizeObserver(request);
    if (canvas.current) sizes.observe(canvas.current);
    const themes = new MutationObserver(request);
    themes.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    return () => {
      sizes.disconnect();
      themes.disconnect();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [request]);
  return canvas;
}

function paint(canvas: HTMLCanvasElement, draw: (picture: Picture) => void): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext("2d");
  if (!context || width === 0 || height === 0) return;
  const ratio = window.devicePixelRatio;
  const size = [Math.round(width * ratio), Math.round(height * ratio)] as const;
  // Setting a size clears the canvas, even where it stays the same.
  [canvas.width, canvas.height] = size;
  context.scale(size[0] / width, size[1] / height);
  const style = getComputedStyle(canvas);
  const colours = new Map<string, string>();
  const colour = (name: string) => {
    let value = colours.get(name);
    if (value === undefined) {
      value = style.getPropertyValue(`--sr-${name}`).trim();
      colours.set(name, value);
    }
    return value;
  };
  draw({ context, width, height, colour });
}

/** Slanted lines in a rectangle: time in which nothing happened. */
export function hatch({ context, colour }: Picture, x: number, y: number, width: number, height: number) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.fillStyle = colour("sunken");
  context.fillRect(x, y, width, height);
  context.beginPath();
  for (let from = x - height; from < x + width; from += 4) {
    context.moveTo(from, y + height);
    context.lineTo(from + height, y);
  }
  context.strokeStyle = colour("muted");
  context.globalAlpha = 0.55;
  context.lineWidth = 1;
  context.stroke();
  context.restore();
}
