"""`python -m docs.site` builds the site into build/site, strictly: a warning is an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from docs.site import catalogue, commands, reference, texts
from unetkit.draw.markup import colours, style

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
SOURCE, SITE, PLAYGROUND = BUILD / "site-source", BUILD / "site", BUILD / "play"


def gather(source: Path, playground: Path | None) -> None:
    """Writes the sources of the site into an empty folder: the pages of docs/, and those that are generated."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("site", "__pycache__"))
    settings(source)
    pages = {
        **catalogue.pages(playground=playground is not None),
        "reference/commands.md": commands.page(),
        "reference/python.md": reference.page(),
    }
    for name, text in pages.items():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (source / "_extra" / "llms.txt").write_text(texts.summary(source), encoding="utf-8")
    if playground is not None:
        shutil.copytree(playground, source / "_extra" / "play")


def settings(source: Path) -> None:
    """Writes what decides how pages look into a folder of pages."""
    here = ROOT / "docs" / "site"
    shutil.copy(here / "conf.py", source)
    shutil.copytree(here / "templates", source / "_templates")
    (source / "_extra").mkdir()
    (source / "_static").mkdir()
    shutil.copy(here / "site.css", source / "_static")
    (source / "_static" / "drawings.css").write_text(drawing_colours(), encoding="utf-8")


def drawing_colours() -> str:
    """The style of drawings: in the theme of the system, or that which a reader chose."""
    lines = [style()]
    for theme, name in enumerate(("light", "dark")):
        lines += [f'body[data-theme="{name}"] {rule}' for rule in colours(theme)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Builds the site and returns the exit code of Sphinx."""
    gather(SOURCE, PLAYGROUND if PLAYGROUND.is_dir() else None)
    shutil.rmtree(SITE, ignore_errors=True)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    variables = {"PATH": path, "PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1", "OMP_NUM_THREADS": "1"}
    options = ["-b", "html", "-W", "--keep-going", "-n", "-q", "-d", str(BUILD / "site-doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(SOURCE), str(SITE)]
    return subprocess.run(command, env=os.environ | variables, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
