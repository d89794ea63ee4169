import { preference } from "../preference";

/** Set before the first paint by early/theme.js, which reads the same storage. */
export const theme = preference("theme", ["system", "light", "dark"]);

const systemDark = window.matchMedia?.("(prefers-color-scheme: dark)");

function apply() {
  const choice = theme.get();
  const dark = choice === "dark" || (choice === "system" && (systemDark?.matches ?? false));
  document.body.classList.toggle("awsui-dark-mode", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
}

/** Keeps the page in the chosen theme from here on. */
export function followTheme(): void {
  apply();
  theme.subscribe(apply);
  systemDark?.addEventListener("change", apply);
}
