import { useSyncExternalStore } from "react";

/**
 * Whether the server has said that this browser is not signed in (401).
 *
 * It stays so until the page is loaded anew: the server's link sets a cookie and redirects here.
 */
let signedOut = false;
const listeners = new Set<() => void>();

export function reportSignedOut(): void {
  if (signedOut) return;
  signedOut = true;
  for (const listener of listeners) listener();
}

export function useSignedOut(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => signedOut,
  );
}
