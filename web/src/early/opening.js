// Asks for the trace before the application has been loaded, which takes longer than the answer: ../api/sse.ts takes
// it over. Where it asks for something else, for an entry far into the trace or in a hidden page, it asks itself.
(() => {
  const session = /\/replay\/([^/]+)\/?$/.exec(location.pathname)?.[1];
  if (window.sessionReplayOpening === null) return; // the application was faster
  if (!session || document.hidden || new URLSearchParams(location.search).has("entry")) return;
  const url = new URL(`../api/sessions/${session}/entries?after=-1`, document.currentScript.src).href;
  const ending = new AbortController();
  const response = fetch(url, {
    headers: { accept: "text/event-stream" },
    signal: ending.signal,
    credentials: "same-origin",
    cache: "no-store",
  });
  // Who takes it over hears of a failure; without them it is of no interest.
  response.catch(() => undefined);
  window.sessionReplayOpening = { url, response, ending };
})();
