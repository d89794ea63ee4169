const LANGUAGES: Record<string, string> = {
  bash: "bash",
  c: "c",
  cc: "cpp",
  cpp: "cpp",
  cs: "csharp",
  css: "css",
  go: "go",
  h: "c",
  html: "xml",
  ini: "ini",
  ipynb: "json",
  java: "java",
  js: "javascript",
  json: "json",
  jsonl: "json",
  jsx: "javascript",
  kt: "kotlin",
  lua: "lua",
  md: "markdown",
  mjs: "javascript",
  php: "php",
  pl: "perl",
  py: "python",
  pyi: "python",
  r: "r",
  rb: "ruby",
  rs: "rust",
  scss: "scss",
  sh: "bash",
  sql: "sql",
  swift: "swift",
  toml: "ini",
  ts: "typescript",
  tsx: "typescript",
  xml: "xml",
  yaml: "yaml",
  yml: "yaml",
};

/** The highlighter's name for a file's language, by its suffix; null for one that it does not know. */
export function languageOf(path: string): string | null {
  const name = path.split(/[/\\]/).at(-1) ?? "";
  if (/^(?:GNU)?[Mm]akefile$/.test(name)) return "makefile";
  const suffix = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase();
  return suffix !== undefined && Object.hasOwn(LANGUAGES, suffix) ? (LANGUAGES[suffix] ?? null) : null;
}
