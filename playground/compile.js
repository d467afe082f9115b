// Compiles the modules of an archive with the Python of the browser, so that the page need not: node compile.js FROM TO
import { readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const [, , from, to] = process.argv;
const python = await loadPyodide();
python.FS.writeFile("/sources.zip", readFileSync(from));
python.runPython(`
import pathlib, py_compile, zipfile

unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
folder = pathlib.Path("/compiled")
components = "blocks/", "encoders/", "topologies/", "language/", "document/", "block.", "encoder.", "sequence.", "topology."
read = tuple(f"unetkit/{name}" for name in components)  # the texts of their parameters are read from their sources
with zipfile.ZipFile("/sources.zip") as sources, zipfile.ZipFile("/app.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as app:
    sources.extractall(folder)
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        own = name.startswith(read)
        if file.is_file() and (own or file.suffix != ".py"):
            app.writestr(zipfile.ZipInfo(name), file.read_bytes(), zipfile.ZIP_DEFLATED, 9)
        if file.suffix == ".py":
            place = f"{file.parent.relative_to(folder)}/__pycache__/{file.stem}.cpython-314.pyc" if own else f"{name}c"
            py_compile.compile(str(file), "/one.pyc", dfile=f"/app/{name}", invalidation_mode=unchecked, doraise=True)
            app.writestr(zipfile.ZipInfo(place), pathlib.Path("/one.pyc").read_bytes(), zipfile.ZIP_DEFLATED, 9)
`);
writeFileSync(to, python.FS.readFile("/app.zip"));
