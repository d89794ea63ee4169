import { useSyncExternalStore } from "react";

/** A choice of this browser, remembered in its storage and shared by all open tabs. */
export interface Preference<Value extends string> {
  get: () => Value;
  set: (value: Value) => void;
  use: () => Value;
  subscribe: (listener: () => void) => () => void;
}

/** `values` are all that is accepted from storage; the first is the default. */
export function preference<Value extends string>(name: string, values: readonly [Value, ...Value[]]) {
  const key = `session-replay.${name}`;
  const listeners = new Set<() => void>();
  let value: Value = read();

  function read(): Value {
    try {
      const stored = localStorage.getItem(key);
      return values.find((one) => one === stored) ?? values[0];
    } catch {
      return values[0];
    }
  }
  function become(next: Value) {
    if (next === value) return;
    value = next;
    for (const listener of listeners) listener();
  }
  window.addEventListener("storage", (event) => {
    if (event.key === key || event.key === null) become(read());
  });

  const self: Preference<Value> = {
    get: () => value,
    set: (next) => {
      try {
        localStorage.setItem(key, next);
      } catch {
        // Storage is switched off: the choice holds until the page is closed.
      }
      become(next);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    use: () => useSyncExternalStore(self.subscribe, self.get),
  };
  return self;
}
