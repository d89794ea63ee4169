// The weight of the landing page as a browser loads it: what index.html names, and what those modules import at once.
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { brotliCompressSync } from "node:zlib";

const BUDGET_KB = { js: 290, css: 70 };
const DIST = new URL("../dist/", import.meta.url).pathname;

const page = readFileSync(join(DIST, "index.html"), "utf8");
const waiting = [...page.matchAll(/(?:src|href)="\.?\/?([^"]+\.(?:js|css))"/g)].map((match) => match[1]);
const files = new Set();
while (waiting.length > 0) {
  const file = waiting.pop();
  if (files.has(file)) continue;
  files.add(file);
  if (!file.endsWith(".js")) continue;
  const code = readFileSync(join(DIST, file), "utf8");
  for (const [, name] of code.matchAll(/(?:from|import)\s*"(\.\/[^"]+\.js)"/g)) {
    waiting.push(normalize(join(dirname(file), name)));
  }
}

let over = false;
for (const [kind, budget] of Object.entries(BUDGET_KB)) {
  const bytes = [...files]
    .filter((file) => file.endsWith(`.${kind}`))
    .reduce((sum, file) => sum + brotliCompressSync(readFileSync(join(DIST, file))).length, 0);
  const kb = bytes / 1000;
  over ||= kb > budget;
  console.log(`${kind.padEnd(4)} ${kb.toFixed(1).padStart(6)} kB brotli of ${budget} kB`);
}
if (over) {
  console.error("The landing page is over its budget.");
  process.exit(1);
}
