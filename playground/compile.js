// Makes the archives of the page with Python of the browser (see compiling.py), and asks all questions of what was made:
// node compile.js LIBRARY SOURCES TEXTS FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPyodide } from "pyodide";

const [, , library, sources, texts, folder] = process.argv;
const bytes = (path) => new Uint8Array(readFileSync(path));
const program = readFileSync(new URL("compiling.py", import.meta.url), "utf-8");
const given = readFileSync(texts, "utf-8");

const python = await loadPyodide();
python.FS.writeFile("/library.zip", bytes(library));
python.FS.writeFile("/sources.zip", bytes(sources));
python.FS.mkdir("/made");
python.runPython(program);
python.globals.get("make")("/library.zip", "/sources.zip", "/made", given);
const made = { "python_stdlib.zip": join(folder, "pyodide"), "app.zip": folder };
for (const [name, place] of Object.entries(made)) writeFileSync(join(place, name), python.FS.readFile(`/made/${name}`));

const page = await loadPyodide({ indexURL: join(folder, "pyodide/") });
page.unpackArchive(bytes(join(folder, "app.zip")), "zip", { extractDir: "/app" });
page.runPython(program);
page.globals.get("ask")(page.toPy(JSON.parse(given).slice(0, 20)));
