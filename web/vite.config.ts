import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Modules and style sheets refer to each other by relative addresses, so that they work on any path. The page itself
// answers deep addresses too, so its references begin with a slash; a server on a sub-path puts its root before them.
const rootedPage: Plugin = {
  name: "rooted-page",
  transformIndexHtml: { order: "post", handler: (html) => html.replaceAll('="./', '="/') },
};

export default defineConfig({
  base: "./",
  plugins: [react(), rootedPage],
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
    css: false,
    server: { deps: { inline: [/@cloudscape-design/] } },
  },
});
