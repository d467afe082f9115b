"""Makes the archives of the page with the Python of the browser: only modules that answers need, and those compiled."""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePath
from py_compile import PycInvalidationMode, compile
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

APP = "/app"
LIBRARY = f"/lib/python{sys.version_info.major}{sys.version_info.minor}.zip"
WHOLE = (
    *("_pyodide/", "pyodide/", "encodings/utf_", "encodings/ascii", "encodings/latin_1", "encodings/idna"),
    *("pydantic/_internal/", "pydantic/errors", "pydantic_core/", "yaml/"),
    *("unetkit/blocks/", "unetkit/encoders/", "unetkit/topologies/"),
)
"""What is kept although no answer below needs it: errors that are rare, components that are imported by name."""
READ = tuple(
    f"unetkit/{name}"
    for name in (
        *("blocks/", "encoders/", "topologies/", "language/", "document/"),
        *("block.", "encoder.", "sequence.", "topology.", "functional."),
    )
)
"""Modules whose sources are read: for the texts of their parameters, and by the generated code."""
DOCUMENTED = "unetkit/", "_pyodide/", "pyodide/"
"""Modules whose docstrings are used."""
WANT = ["parts", "levels", "sizes", "field", "memory", "code", "resolved", "diff", "chips"]


def ask(texts: list[str]) -> None:
    """Asks all that the page asks; raises AssertionError where an answer is at fault. `texts` may be faulty."""
    if APP not in sys.path:
        sys.path.insert(0, APP)
    from unetkit.play import answer
    from unetkit.play.reading import example

    for name in ("unet-2015", "resnet34-unet", "transunet", "unet-plus-plus"):
        found = answer({"text": example(name), "want": WANT, "other": "unet-2015", "base": "unet-2015"})
        assert found["svg"] and found["code"] and not found["diff"]["faults"], (name, found["faults"])
    axes = {"skip": ["none", "add"]}
    assert answer({"do": "study", "text": example("unet-2015"), "axes": axes})["arms"]
    assert answer({"do": "schema"})["schema"] and answer({"do": "examples"})["examples"]
    for text in texts:
        faults = answer({"text": text, "want": WANT, "base": "unet-2015"})["faults"]
        assert not any(fault["code"] == "failed" for fault in faults), (text, faults)


def make(library: str, sources: str, folder: str, texts: str) -> None:
    """Writes the two archives with the modules that the answers to some texts need."""
    with ZipFile(sources) as opened:
        opened.extractall(APP)
    ask(json.loads(texts))
    files = {str(getattr(module, "__file__", None)) for module in sys.modules.values()}
    for source, target, place in ((library, "python_stdlib.zip", LIBRARY), (sources, "app.zip", APP)):
        _archive(source, f"{folder}/{target}", place, files)


def _archive(source: str, target: str, place: str, needed: set[str]) -> None:
    with ZipFile(source) as old, ZipFile(target, "w") as new:
        for name in sorted(old.namelist()):
            module = name.endswith(".py")
            kept = f"{place}/{name}" in needed or name.startswith(WHOLE)
            if not name.endswith("/") and (not module or name.startswith(READ)):
                _write(new, name, old.read(name))
            if module and kept:
                _write(new, _compiled_name(name), _compiled(name, old.read(name), place))


def _write(archive: ZipFile, name: str, content: bytes) -> None:
    archive.writestr(ZipInfo(name), content, ZIP_DEFLATED, 9)


def _compiled_name(name: str) -> str:
    """Where Python looks for a compiled module: beside its source, or in its place."""
    path = PurePath(name)
    tag = sys.implementation.cache_tag
    return f"{path.parent}/__pycache__/{path.stem}.{tag}.pyc" if name.startswith(READ) else f"{name}c"


def _compiled(name: str, source: bytes, place: str) -> bytes:
    given, made = Path("/module.py"), Path("/module.pyc")
    given.write_bytes(source)
    level = 0 if name.startswith(DOCUMENTED) else 2
    mode = PycInvalidationMode.UNCHECKED_HASH
    compile(str(given), str(made), f"{place}/{name}", doraise=True, optimize=level, invalidation_mode=mode)
    return made.read_bytes()
