import type { Status } from "../api/client";
import { formatBytes, formatCount } from "../format";
import "./Importing.css";

/** How often the page asks how far an import is. */
export const IMPORT_POLL_MS = 1_000;

type Progress = Status["local_import"];

export function isImporting(progress: Progress | undefined): boolean {
  return progress?.state === "scanning" || progress?.state === "importing";
}

/** How far the server is with the local transcripts; the page is usable meanwhile. */
export function Importing({ progress }: { progress: Progress }) {
  const { state, folder, files, files_done, size_bytes, done_bytes } = progress;
  if (state === "failed") {
    return (
      <div className="importing" role="status">
        Following {folder} failed ({progress.problem}). It is tried again every few seconds; what is stored is
        safe, and the server's log says more.
      </div>
    );
  }
  const scanning = state === "scanning";
  const text = scanning
    ? `Looking for transcripts${folder === null ? "" : ` in ${folder}`}: ${formatCount(files)} files so far`
    : `Importing ${formatCount(files_done)} of ${formatCount(files)} files, ${formatBytes(done_bytes)} of ${formatBytes(size_bytes)}`;
  return (
    <div className="importing">
      <label htmlFor="import-progress">{text}</label>
      <progress
        id="import-progress"
        {...(scanning || size_bytes === 0 ? {} : { value: done_bytes, max: size_bytes })}
      />
    </div>
  );
}
