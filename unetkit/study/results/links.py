"""Symbolic links in a study's folder. None may lead out of it, because reports show its files and runs write to it.

The folder `runs` may be a link to a folder shared by several studies, which `study run --runs` has marked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from unetkit.errors import Fault
from unetkit.study.results.results import StudyError
from unetkit.wording import listed

SHARED = ".shared-runs"
"""Name of the marker file in a shared folder."""
_SHOWN = 5


def refuse_links(folder: Path) -> None:
    """Raises StudyError where links in a study's folder lead out of it."""
    found = list(leading_out(folder))
    runs = folder / "runs"
    if runs in found and (runs / SHARED).is_file():
        found.remove(runs)
        found += leading_out(runs)
    if found:
        cure = "Remove them. Runs that studies share are named with --runs."
        names = listed([one.relative_to(folder) for one in found], _SHOWN)
        message = f"{folder} has links that lead out of it: {names}"
        raise StudyError(Fault("study-links", message, cure=cure))


def leading_out(folder: Path) -> Iterator[Path]:
    """Yields the links below a folder whose targets are outside; links are not followed."""
    root = os.path.realpath(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            if os.path.islink(path) and os.path.commonpath((root, os.path.realpath(path))) != root:
                yield Path(path)
