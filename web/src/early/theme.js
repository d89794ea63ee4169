// Runs before the first paint; the policy of the page forbids inline scripts. Mirrors ../theme/theme.ts.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("session-replay.theme");
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  const dark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.body.classList.toggle("awsui-dark-mode", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
})();
