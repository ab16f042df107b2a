// Writes the libraries of the page: each file of libraries/ becomes one minified module without imports, beside a
// declaration of its types, which is that file itself; and LICENSES.txt.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [, , modules, target] = process.argv; // the folder node_modules, and the page's folder libraries
const require = createRequire(join(modules, "index.js"));
const { build } = require("esbuild");
const licenses = new Map();
const here = dirname(fileURLToPath(import.meta.url));

for (const name of readdirSync(join(here, "libraries"))) {
  const result = await build({
    entryPoints: [join(here, "libraries", name)],
    outfile: join(target, name),
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    legalComments: "none",
    metafile: true,
    nodePaths: [modules],
    write: false,
  });
  const packages = new Set();
  for (const input of Object.keys(result.metafile.inputs)) {
    const found = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/);
    if (found) packages.add(found[1]);
  }
  const banner = [...packages].sort().map((name) => {
    const { version, license } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
    licenses.set(`${name} ${version}`, licenseOf(name) ?? `License: ${license}, as its package.json states.`);
    return `${name} ${version} (${license})`;
  });
  const text = `/* ${banner.join(", ")}; see LICENSES.txt. Made by: make playground-libraries */\n`;
  writeFileSync(join(target, name), text + result.outputFiles[0].text);
  const types = readFileSync(join(here, "libraries", name), "utf8").replace(/^import .*\n/gm, "");
  writeFileSync(join(target, name.replace(/\.js$/, ".d.ts")), types);
}
const sections = [...licenses]
  .sort()
  .map(([title, text]) => `${title}\n${"=".repeat(title.length)}\n\n${text.trim()}\n`);
writeFileSync(join(target, "LICENSES.txt"), sections.join("\n\n"));

function licenseOf(name) {
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"]) {
    if (existsSync(join(modules, name, file))) return readFileSync(join(modules, name, file), "utf8");
  }
  return null;
}
