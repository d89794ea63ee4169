/** Paths as transcripts name them: of POSIX systems and of Windows, where case says nothing and either slash will do. */

const WINDOWS = /^(?:[A-Za-z]:[/\\]|\\\\)/;
const ABSOLUTE = /^(?:[/\\]|[A-Za-z]:[/\\])/;

/** The part of a path below a folder, "" for the folder itself; null where it is not in there, or climbs on its way. */
export function pathBelow(path: string, folder: string): string | null {
  const isWindows = WINDOWS.test(folder);
  const parts = (written: string) => written.split(isWindows ? /[/\\]+/ : /\/+/);
  const known = (part: string) => (isWindows ? part.toLowerCase() : part);
  const outer = parts(folder.replace(isWindows ? /[/\\]+$/ : /\/+$/, ""));
  const inner = parts(path);
  if (inner.includes("..") || inner.length < outer.length) return null;
  if (outer.some((part, index) => known(part) !== known(inner[index] as string))) return null;
  return inner.slice(outer.length).join(isWindows ? "\\" : "/");
}

/** A path from the session's directory, where it lies below it: the end of a path says most. */
export function relativePath(path: string, project: string | null): string {
  return (project ? pathBelow(path, project) : null) || path;
}

/** Whether a path leads out of the session's directory; one that is relative counts as inside if it does not climb. */
export function isOutside(path: string, project: string | null): boolean {
  if (/^(?:~|\$)/.test(path) || path.split(/[/\\]/).includes("..")) return true;
  return ABSOLUTE.test(path) && project !== null && pathBelow(path, project) === null;
}
