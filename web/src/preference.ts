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
  return stored(name, (written) => values.find((one) => one === written) ?? values[0]);
}

/** A choice of any of `words`, written one behind the other; `chosen` is the default. */
export function wordPreference(name: string, words: readonly string[], chosen: readonly string[]) {
  return stored<string>(name, (written) =>
    written === null
      ? chosen.join(" ")
      : written
          .split(" ")
          .filter((word) => words.includes(word))
          .join(" "),
  );
}

/** `accepted` makes a value of what is in storage, whoever wrote it. */
function stored<Value extends string>(name: string, accepted: (written: string | null) => Value) {
  const key = `session-replay.${name}`;
  const listeners = new Set<() => void>();
  let value: Value = read();

  function read(): Value {
    try {
      return accepted(localStorage.getItem(key));
    } catch {
      return accepted(null);
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
