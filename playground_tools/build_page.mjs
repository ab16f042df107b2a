// Makes connector/playground/built, which is served, of connector/playground/page: few files, so that a first visit needs
// few requests. `--check` changes nothing, and fails if the files are not those that it would write.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

const [, , modules, page, built, mode] = process.argv; // the folder node_modules, and those of the page
const { build } = createRequire(join(modules, "index.js"))("esbuild");
const options = {
  absWorkingDir: page,
  bundle: true,
  minify: true,
  charset: "utf8",
  target: ["es2022", "chrome123", "firefox125", "safari17.5"],
  write: false,
  metafile: true,
};

/** What is served as it is. */
const COPIED = /^(?:frame\.html|signed_in\.html|icon\.svg|samples\/[^/]+\.csv|libraries\/LICENSES\.txt)$/;

const scripts = await build({
  ...options,
  entryPoints: ["main.js", "signed_in.js", "theme.js"],
  outdir: built,
  format: "esm",
  splitting: true,
  chunkNames: "scripts/[name]-[hash]",
});
const styles = await build({
  ...options,
  stdin: {
    // One file, because the first paint waits for all of them. Their order is that of their names.
    contents: list(join(page, "styles"))
      .map((name) => `@import "./styles/${name}";`)
      .join("\n"),
    resolveDir: page,
    loader: "css",
  },
  outfile: join(built, "styles.css"),
});

const files = new Map(
  [...scripts.outputFiles, ...styles.outputFiles].map((file) => [relative(built, file.path), file.text]),
);
for (const path of list(page).filter((path) => COPIED.test(path))) {
  files.set(path.replace(/^libraries\//, ""), readFileSync(join(page, path), "utf8"));
}
files.set("index.html", readFileSync(join(page, "index.html"), "utf8").replace("<!-- modules -->", preloads()));
files.set("sources.sha256", `${hashOfSources()}\n`);

const existing = existsSync(built) ? list(built) : [];
const stale = existing.filter((path) => !files.has(path));
const changed = [...files].filter(
  ([path, text]) => !existing.includes(path) || readFileSync(join(built, path), "utf8") !== text,
);
if (mode === "--check") {
  if (stale.length + changed.length > 0) {
    console.error(
      `The built page is not that of its sources: ${[...stale, ...changed.map(([path]) => path)].join(", ")}.`,
    );
    console.error("Run make playground, and commit what it writes.");
    process.exit(1);
  }
} else {
  for (const path of stale) rmSync(join(built, path));
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(built, path)), { recursive: true });
    writeFileSync(join(built, path), text);
  }
}

/** The scripts that main.js cannot start without, so that browsers get all of them at once. */
function preloads() {
  const { outputs } = scripts.metafile;
  const main = Object.keys(outputs).find((path) => outputs[path].entryPoint === "main.js");
  const found = [main];
  for (const path of found) {
    for (const imported of outputs[path].imports) {
      if (imported.kind === "import-statement" && !found.includes(imported.path)) found.push(imported.path);
    }
  }
  return found
    .map((path) => `<link rel="modulepreload" href="playground/{version}/${relative(built, join(page, path))}">`)
    .join("\n");
}

/** Of all files of the page, with their paths. tests/connector/playground/test_site.py computes it, too. */
function hashOfSources() {
  const hash = createHash("sha256");
  for (const path of list(page))
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(page, path)))
      .update("\0");
  return hash.digest("hex");
}

/** @returns the paths of all files in a folder, sorted */
function list(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
