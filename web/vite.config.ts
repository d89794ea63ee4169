import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin, Rolldown } from "vite";
import { defineConfig } from "vitest/config";

// Modules and style sheets refer to each other by relative addresses, so that they work on any path. The page itself
// answers deep addresses too, so its references begin with a slash; a server on a sub-path puts its root before them.
const rootedPage: Plugin = {
  name: "rooted-page",
  transformIndexHtml: { order: "post", handler: (html) => html.replaceAll('="./', '="/') },
};

/** The document of each page, and the module that it begins with. */
const DOCUMENTS = {
  "index.html": "src/sessions/SessionsPage.tsx",
  "replay.html": "src/replay/SessionPage.tsx",
  "clients.html": "src/clients/ClientsPage.tsx",
};
/**
 * Classic scripts that run before any of the application's code is there: the theme, and the request for what a trace
 * begins with. The policy of the page forbids inline ones; one file, because each costs a request before all others.
 */
const EARLY = ["src/early/theme.js", "src/early/opening.js"] as const;

// A page's own modules and style sheets are named by its document: else they are asked for only when the modules that
// all pages share have come and run.
const documentOfEachPage: Plugin = {
  name: "document-of-each-page",
  apply: "build",
  enforce: "post",
  generateBundle(_options, bundle) {
    const page = bundle["index.html"];
    if (page?.type !== "asset" || typeof page.source !== "string")
      return this.error("there is no index.html");
    // As an asset it has a hash in its name, hence is asked for once only.
    const early = this.emitFile({
      type: "asset",
      name: "early.js",
      source: EARLY.map((source) => readFileSync(source, "utf8")).join(""),
    });
    const address = `/${this.getFileName(early)}`;
    const shared = page.source.replace(`/${EARLY[0]}`, address);
    for (const [fileName, module] of Object.entries(DOCUMENTS)) {
      const chunk = Object.values(bundle).find(
        (one) => one.type === "chunk" && one.facadeModuleId?.endsWith(module),
      );
      if (chunk?.type !== "chunk") return this.error(`${module} is no page of its own`);
      const links = [...neededBy(chunk, bundle)]
        .map((file) =>
          file.endsWith(".css")
            ? `<link rel="stylesheet" crossorigin href="/${file}">`
            : `<link rel="modulepreload" crossorigin href="/${file}">`,
        )
        .filter((link) => !shared.includes(link));
      const source = shared.replace("</head>", `  ${links.join("\n    ")}\n  </head>`);
      if (fileName === "index.html") page.source = source;
      else this.emitFile({ type: "asset", fileName, source });
    }
  },
};

/** The files of a chunk and of all that it imports at once, style sheets among them. */
function neededBy(
  chunk: Rolldown.OutputChunk,
  bundle: Rolldown.OutputBundle,
  files = new Set<string>(),
): Set<string> {
  files.add(chunk.fileName);
  for (const sheet of chunk.viteMetadata?.importedCss ?? []) files.add(sheet);
  for (const name of chunk.imports) {
    const imported = bundle[name];
    if (imported?.type === "chunk" && !imported.isEntry && !files.has(name))
      neededBy(imported, bundle, files);
  }
  return files;
}

/** Smaller files are not worth a second one. */
const COMPRESSED_BYTES_MIN = 1_000;

// Beside each file its compressed form, made once and as small as can be: the server has nothing to do for it. Only
// what was written is whole; before, other plugins still put in names of files.
const compressedAssets: Plugin = {
  name: "compressed-assets",
  apply: "build",
  writeBundle({ dir = "" }, bundle) {
    for (const fileName of Object.keys(bundle)) {
      if (!/\.(js|css)$/.test(fileName)) continue;
      const path = join(dir, fileName);
      const content = readFileSync(path);
      if (content.length >= COMPRESSED_BYTES_MIN) writeFileSync(`${path}.br`, brotliCompressSync(content));
    }
  },
};

export default defineConfig({
  base: "./",
  plugins: [react(), rootedPage, documentOfEachPage, compressedAssets],
  resolve: {
    alias: {
      // For browsers it has a module that asks `innerHTML` for the character of an entity, which the page's policy forbids.
      "decode-named-character-reference": fileURLToPath(
        new URL("node_modules/decode-named-character-reference/index.js", import.meta.url),
      ),
    },
  },
  build: {
    target: "es2023",
    // A data: address would need its own place in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: { "/api": process.env.SESSION_REPLAY_SERVER ?? "http://127.0.0.1:8420" },
  },
  test: {
    environment: "jsdom",
    environmentOptions: { jsdom: { url: "http://127.0.0.1:8420/" } },
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    // A busy machine is slow; what never comes fails all the same.
    testTimeout: 20_000,
    css: false,
    server: { deps: { inline: [/@cloudscape-design/] } },
  },
});
