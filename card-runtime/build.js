// Bundles onnxruntime-web into what a card embeds: runtime.js, with one global `ort`, and its compressed WebAssembly.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const TARGET = "../unetkit/trained/card/embedded/";
const PACKAGE = "node_modules/onnxruntime-web/";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const NOTICE = `/*!
onnxruntime-common ${version("onnxruntime-common")}, onnxruntime-web ${version("onnxruntime-web")}

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
*/
`;

const result = await build({
  stdin: { contents: 'export * from "onnxruntime-web/wasm";', resolveDir: "." },
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "ort",
  target: "es2022",
  define: { "import.meta.url": "self.location.href" },
  write: false,
  legalComments: "none",
});
mkdirSync(TARGET, { recursive: true });
writeFileSync(`${TARGET}runtime.js`, NOTICE + result.outputFiles[0].text);
const code = readFileSync(`${PACKAGE}dist/ort-wasm-simd-threaded.wasm`);
writeFileSync(`${TARGET}runtime.wasm.gz`, gzipSync(code, { level: 9 }));
