import { useMemo } from "react";
import { preference, wordPreference } from "../preference";
import { COLUMNS, COLUMNS_DEFAULT, type ColumnKey } from "./columns";

export const DENSITIES = ["comfortable", "compact"] as const;
export type Density = (typeof DENSITIES)[number];

export const density = preference("density", DENSITIES);

const KEYS = COLUMNS.map(({ key }) => key);
const columns = wordPreference("columns", KEYS, COLUMNS_DEFAULT);

/** The columns that the reader wants, and how to change them. */
export function useChosenColumns(): [ReadonlySet<ColumnKey>, (chosen: ReadonlySet<ColumnKey>) => void] {
  const words = columns.use();
  const chosen = useMemo(() => new Set(KEYS.filter((key) => words.split(" ").includes(key))), [words]);
  return [chosen, (next) => columns.set(KEYS.filter((key) => next.has(key)).join(" "))];
}
