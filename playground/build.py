"""Builds the page of `unetkit play` as files for any web server: Python runs in the browser.

`python playground/build.py FOLDER`, after `npm ci` in this folder, and `make page` for the editor.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent
PYODIDE = HERE / "node_modules" / "pyodide"
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
PLATFORM = ("--python-version", "3.14", "--abi", "cp314", "--abi", "none", "--platform", "pyemscripten_2026_0_wasm32")
UNUSED = ("pydantic/v1/", "pydantic/mypy.py")
CHARSET = '<meta charset="utf-8">'
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'\">"
)
TEXTS = 200
"""How many specs with wild edits are answered, to see which modules that takes."""


def build(folder: Path) -> None:
    """Writes the page to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in (ROOT / "unetkit" / "play" / "page").iterdir():
        shutil.copy(file, folder)
    shutil.copy(HERE / "worker.js", folder)
    page = (folder / "index.html").read_text("utf-8")
    (folder / "index.html").write_text(page.replace(CHARSET, f"{CHARSET}\n{POLICY}"), encoding="utf-8")
    (folder / "engine.json").write_text(json.dumps({"engine": "pyodide", "worker": "worker.js"}), encoding="utf-8")
    (folder / "pyodide").mkdir(exist_ok=True)
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text("utf-8"))
    (folder / "pyodide" / "pyodide-lock.json").write_text(json.dumps(lock | {"packages": {}}), encoding="utf-8")
    for name in RUNTIME:
        shutil.copy(PYODIDE / name, folder / "pyodide")
    with tempfile.TemporaryDirectory() as temporary:
        sources, texts = Path(temporary) / "sources.zip", Path(temporary) / "texts.json"
        download(Path(temporary))
        with zipfile.ZipFile(sources, "w") as archive:
            for name, content in sorted(contents(Path(temporary))):
                archive.writestr(zipfile.ZipInfo(name), content)
        texts.write_text(json.dumps(wild()), encoding="utf-8")
        given = (PYODIDE / "python_stdlib.zip", sources, texts, folder.resolve())
        subprocess.run(["node", str(HERE / "compile.js"), *map(str, given)], check=True)


def download(folder: Path) -> None:
    """Downloads the wheels of requirements.txt for Python in the browser."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", *PLATFORM]
    command += ["--only-binary=:all:", "--require-hashes", "-r", str(HERE / "requirements.txt"), "-d", str(folder)]
    subprocess.run(command, check=True)


def contents(wheels: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the modules and licences of the wheels, of PyYAML without its extension, of unetkit, and its specs."""
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as opened:
            for name in opened.namelist():
                if (name.endswith((".py", ".so")) or "/licenses/" in name) and not name.startswith(UNUSED):
                    yield name, opened.read(name)
    for file in Path(yaml.__file__).parent.glob("*.py"):
        yield f"yaml/{file.name}", file.read_bytes()
    for file in (*(ROOT / "unetkit").rglob("*.py"), ROOT / "unetkit" / "py.typed"):
        yield str(file.relative_to(ROOT)), file.read_bytes()
    for file in (ROOT / "specs").rglob("*.yaml"):
        yield f"unetkit/{file.relative_to(ROOT)}", file.read_bytes()


def wild() -> list[str]:
    """Texts that nobody would write."""
    sys.path.insert(0, str(ROOT))
    from tests.play.edits import texts

    return [*texts(TEXTS, 0)]


if __name__ == "__main__":
    build(Path(sys.argv[1]))
