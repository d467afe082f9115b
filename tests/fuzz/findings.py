"""What fell: the folder of its inputs with the commands, so that it can be repeated."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fuzz.command import Answer, answer

COMMANDS = "commands.txt"
"""In a folder of inputs: a command a line, without `unetkit`, run in that folder."""


def keep(inputs: Path, answers: list[Answer], target: Path) -> None:
    """Copies inputs, with the commands whose answers are wrong and what they gave."""
    shutil.rmtree(target, ignore_errors=True)
    copy(inputs, target)
    (target / COMMANDS).write_text("".join(f"{shlex.join(each.command)}\n" for each in answers), errors="replace")
    told = [f"{each.problems} {each.seconds:.1f} s\n{each.trace}{each.err[-3000:]}\n{each.noted}\n" for each in answers]
    (target / "answers.txt").write_text("\n".join(told), errors="replace")


def again(folder: Path) -> list[Answer]:
    """Returns what the commands of a folder of inputs give now."""
    lines = (folder / COMMANDS).read_text().splitlines()
    with tempfile.TemporaryDirectory(prefix="unetkit-fuzz-") as name:
        home = Path(name) / "inputs"
        copy(folder, home)
        with within(home):
            return [answer(*shlex.split(line)) for line in lines]


def copy(source: Path, target: Path) -> None:
    """Copies a folder with its links and pipes as they are."""
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.is_symlink():
            (target / path.name).symlink_to(os.readlink(path))
        elif path.is_dir():
            copy(path, target / path.name)
        elif path.is_fifo():
            os.mkfifo(target / path.name)
        else:
            shutil.copyfile(path, target / path.name)


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """Works in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
