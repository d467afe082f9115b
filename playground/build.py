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
USED = """
import sys
from tests.play.edits import texts
from unetkit.play import answer
from unetkit.play.reading import example
want = ["parts", "levels", "sizes", "field", "memory", "code", "resolved", "diff", "chips"]
for name in ("unet-2015", "resnet34-unet", "transunet", "unet-plus-plus"):
    found = answer({"text": example(name), "want": want, "other": "unet-2015", "base": "unet-2015"})
    assert found["svg"] and not found["diff"]["faults"], name
assert answer({"do": "study", "text": example("unet-2015"), "axes": {"skip": ["none", "add"]}})["arms"]
answer({"do": "schema"}), answer({"do": "examples"})
for text in texts(200, 0):
    answer({"text": text, "want": want, "base": "unet-2015"})
for name, module in list(sys.modules.items()):
    if name.partition(".")[0] == "unetkit":
        print(module.__file__)
"""
"""Prints the modules of unetkit that the page needs: those of all its answers, to faulty texts too."""
UNUSED = ("pydantic/v1/", "pydantic/mypy.py")
ENCODINGS = (
    "__init__",
    "aliases",
    "ascii",
    "cp437",
    "idna",
    "latin_1",
    "punycode",
    "raw_unicode",
    "unicode_esc",
    "utf_",
)
UNUSED_LIBRARY = (
    *(
        "_pyrepl/",
        "multiprocessing/",
        "unittest/",
        "wsgiref/",
        "xml/",
        "xmlrpc/",
        "idlelib/",
        "pydoc_data/",
        "sqlite3/",
    ),
    *("_pydatetime", "_pyio", "doctest", "ftplib", "imaplib", "mailbox", "optparse", "pdb", "pickletools", "poplib"),
    *(
        "profile",
        "pstats",
        "pydoc.",
        "ctypes/",
        "curses/",
        "dbm/",
        "http/server",
        "http/cookie",
        "pyclbr",
        "smtplib",
        "tarfile",
        "trace.",
        "turtle",
        "zipapp",
    ),
)
WHOLE = ("blocks", "topologies", "encoders")
"""Folders whose modules are imported by name."""


def build(folder: Path) -> None:
    """Writes the page to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in (ROOT / "unetkit" / "play" / "page").iterdir():
        shutil.copy(file, folder)
    shutil.copy(HERE / "worker.js", folder)
    (folder / "engine.json").write_text(json.dumps({"engine": "pyodide", "worker": "worker.js"}), encoding="utf-8")
    (folder / "pyodide").mkdir(exist_ok=True)
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text("utf-8"))
    (folder / "pyodide" / "pyodide-lock.json").write_text(json.dumps(lock | {"packages": {}}), encoding="utf-8")
    for name in RUNTIME:
        shutil.copy(PYODIDE / name, folder / "pyodide")
    library(PYODIDE / "python_stdlib.zip", folder / "pyodide" / "python_stdlib.zip")
    with tempfile.TemporaryDirectory() as wheels:
        download(Path(wheels))
        sources = Path(wheels) / "sources.zip"
        with zipfile.ZipFile(sources, "w") as archive:
            for name, content in sorted(contents(Path(wheels))):
                archive.writestr(zipfile.ZipInfo(name), content)
        subprocess.run(["node", str(HERE / "compile.js"), str(sources), str(folder / "app.zip")], check=True)


def library(source: Path, target: Path) -> None:
    """Copies the standard library without what no page uses."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in old.namelist():
            encoding = name.startswith("encodings/") and not name.startswith(
                tuple(f"encodings/{one}" for one in ENCODINGS)
            )
            if not (encoding or name.startswith(UNUSED_LIBRARY)):
                new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)


def download(folder: Path) -> None:
    """Downloads the wheels of requirements.txt for Python in the browser."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", *PLATFORM]
    command += ["--only-binary=:all:", "--require-hashes", "-r", str(HERE / "requirements.txt"), "-d", str(folder)]
    subprocess.run(command, check=True)


def contents(wheels: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the files of the archive: those of the wheels, PyYAML without its extension, unetkit, its specs."""
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as opened:
            names = [name for name in opened.namelist() if not name.endswith((".pyi", "/", "RECORD"))]
            yield from (
                (name, opened.read(name)) for name in names if not name.startswith(UNUSED) and "METADATA" not in name
            )
    for file in Path(yaml.__file__).parent.glob("*.py"):
        yield f"yaml/{file.name}", file.read_bytes()
    whole = (file for name in WHOLE for file in (ROOT / "unetkit" / name).glob("*.py"))
    yield from ((str(file.relative_to(ROOT)), file.read_bytes()) for file in {*used(), *whole})
    for file in (ROOT / "specs").rglob("*.yaml"):
        yield f"unetkit/{file.relative_to(ROOT)}", file.read_bytes()


def used() -> list[Path]:
    """The modules of unetkit that the page needs."""
    done = subprocess.run([sys.executable, "-c", USED], check=True, capture_output=True, text=True, cwd=ROOT)
    return [Path(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    build(Path(sys.argv[1]))
