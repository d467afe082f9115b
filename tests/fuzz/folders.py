"""Mutated folders of studies, through `study report` and `study status`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.cli.test_study_report import write_folder
from tests.fuzz.command import Answer, answer
from tests.fuzz.kind import Kind
from tests.fuzz.mutation import bytes_changed
from tests.fuzz.trees import HOSTILE, tree_changed

SECRET = "a secret that no report may show"
KEYS = (
    "id",
    "arm",
    "seed",
    "name",
    "runs",
    "arms",
    "dice",
    "image",
    "class",
    "steps",
    "loss",
    "code",
    "reason",
    "path",
)


class Folders(Kind):
    """A study's folder in which files are changed, gone, doubled, links, or of another kind."""

    def prepare(self) -> None:
        write_folder(self.folder / "whole")
        for number, run in enumerate(sorted((self.folder / "whole" / "runs").iterdir())):
            (run / "exit.json").write_text(
                json.dumps({"code": number % 3 and 0, "reason": "it was late" * (number % 3)})
            )
            pictures = run / "examples" / "image%2F1"
            pictures.mkdir(parents=True)
            for name in ("image.png", "truth.png", "prediction.png"):
                (pictures / name).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
            (run / "examples" / "colours.json").write_text('{"background": [0, 0, 0], "grey": [9, 9, 9]}')
        private = self.folder / "private"
        shutil.copytree(next((self.folder / "whole" / "runs").iterdir()), private)
        (private / "run.yaml").write_text(f"# {SECRET}\n")
        (private / "secret.png").write_bytes(b"\x89PNG" + SECRET.encode())

    def case(self, random: Random) -> Iterator[Answer]:
        target = self.fresh("study")
        shutil.copytree(self.folder / "whole", target)
        for _ in range(random.randint(1, 3)):
            files = sorted(path for path in target.rglob("*") if path.is_file() and not path.is_symlink())
            if files:
                random.choice(CHANGES)(random.choice(files), random)
        yield answer("study", "status", "study", *random.choice(((), ("--json",))))
        self.fresh("report")
        shown = answer("study", "report", "study", "-o", "report", *random.choice(((), ("--json",))))
        yield shown
        page = self.folder / "report" / "report.html"
        if page.is_file() and SECRET in page.read_text(encoding="utf-8"):
            yield Answer(shown.command, 3, "", "", 0, "the report shows what lies outside of the study")


def values(file: Path, random: Random) -> None:
    """Changes what JSON holds; in other files, bytes."""
    try:
        held: Any = json.loads(file.read_bytes())
    except (ValueError, RecursionError):  # no JSON, or too deep
        noise(file, random)
        return
    changed = tree_changed(held, random, KEYS, HOSTILE)
    try:
        file.write_text(json.dumps(changed), encoding="utf-8", errors="replace")
    except (ValueError, TypeError, RecursionError):  # it holds itself, or is no JSON
        noise(file, random)


def noise(file: Path, random: Random) -> None:
    """Changes bytes."""
    file.write_bytes(bytes_changed(file.read_bytes(), random))


def gone(file: Path, random: Random) -> None:
    """Removes a file, or the folder around it."""
    if random.random() < 0.3 and file.parent.name != "study":
        shutil.rmtree(file.parent)
    else:
        file.unlink()


def link(file: Path, random: Random) -> None:
    """Puts a link in the place of a file or of its folder."""
    if random.random() < 0.4 and file.parent.name != "study":
        shutil.rmtree(file.parent)
        file = file.parent
    else:
        file.unlink()
    places = ("../../../private", "../../private", "../private", "/etc/passwd", "/dev/zero", ".", "nowhere", file.name)
    inner = ("", "/run.yaml", "/result.json", "/secret.png", "/timing.json")
    file.symlink_to(random.choice(places) + random.choice(inner))


def other(file: Path, random: Random) -> None:
    """Puts something else in the place of a file."""
    file.unlink()
    match random.randrange(4):
        case 0:
            os.mkfifo(file)
        case 1:
            file.mkdir()
        case 2:
            file.write_bytes(
                random.choice((b"", b"{}", b"[]", b"null", b"[" * 50_000, b"\xff\xfe{}", b'{"a":' * 5_000))
            )
        case _:
            file.write_text(json.dumps(random.choice(HOSTILE)))


def extreme(file: Path, random: Random) -> None:
    """Gives a result scores that say nothing: one image, no value, no spread, no class, none at all."""
    try:
        held = json.loads(file.read_bytes())
        rows = held["scores"]["images"]
        rows = [row | {"dice": row["dice"]} for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError):  # another file, or changed before
        values(file, random)
        return
    match random.randrange(6):
        case 0:
            held["scores"]["images"] = rows[:1]
        case 1:
            held["scores"]["images"] = []
        case 2:
            held["scores"]["images"] = [row | {"dice": None} for row in rows]
        case 3:
            held["scores"]["images"] = [row | {"dice": 0.5} for row in rows]
        case 4:
            held["scores"]["images"] = [row | {"dice": random.choice((1e308, -1e308, 1e-320))} for row in rows]
        case _:
            held["scores"]["images"] = rows * 2
    file.write_text(json.dumps(held))


CHANGES: tuple[Callable[[Path, Random], None], ...] = (
    values,
    values,
    values,
    values,
    noise,
    gone,
    link,
    other,
    extreme,
)
