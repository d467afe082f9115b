// Bundles editor.js with CodeMirror into the file that the page loads, with the licences of what it holds.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const TARGET = "../unetkit/play/page/editor.js";
const result = await build({
  entryPoints: ["editor.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  metafile: true,
  write: false,
  legalComments: "none",
});

const packages = new Set(
  Object.keys(result.metafile.inputs)
    .map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
    .filter(Boolean),
);
const notices = new Map(); // licence text: the packages that it is of
for (const name of [...packages].sort()) {
  const folder = join("node_modules", name);
  const file = ["LICENSE", "LICENSE.md", "license"].map((each) => join(folder, each)).find(existsSync);
  if (!file) throw new Error(`${name} has no licence file`);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const text = readFileSync(file, "utf8").trim();
  notices.set(text, [...(notices.get(text) ?? []), `${name} ${version}`]);
}
const banner = [...notices].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n---\n\n");
mkdirSync(dirname(TARGET), { recursive: true });
writeFileSync(TARGET, `/*!\n${banner.replaceAll("*/", "* /")}\n*/\n${result.outputFiles[0].text}`);
