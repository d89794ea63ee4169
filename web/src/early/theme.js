// Runs before the first paint, perhaps before there is a body. Mirrors ../theme/theme.ts.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("session-replay.theme");
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  const dark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  const mark = () => document.body?.classList.toggle("awsui-dark-mode", dark) !== undefined;
  if (mark()) return;
  new MutationObserver((_changes, watch) => {
    if (mark()) watch.disconnect();
  }).observe(document.documentElement, { childList: true });
})();
