"""Writes the facts of shipped specs into their headers."""

from __future__ import annotations

import sys
from pathlib import Path

import unetkit
from unetkit.language import shipped
from unetkit.language.headers import LABELS, header_of
from unetkit.planning import facts


def main() -> None:
    """Writes what follows from the plan; what the network is and by what it was verified stays as it is."""
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else shipped().values():
        text = path.read_text(encoding="utf-8")
        path.write_text(written(path, text), encoding="utf-8")


def written(path: Path, text: str) -> str:
    """The text of a spec with the facts of its network in its header."""
    lines = text.splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    labels = [number for number, line in enumerate(lines[:end]) if line[1:].strip().partition(":")[0] in LABELS]
    about = [line for line in lines[: labels[0] if labels else end] if line != "#"]
    verified = [number for number in labels if lines[number][1:].strip().startswith("Verified")]
    proof = lines[verified[0] : end] if verified else ["# Verified:         not verified: "]
    planned = unetkit.plan(unetkit.load(path))
    given = header_of(text)[1].get("Input")
    size = size_of(given, planned.dims) if given else None
    return "\n".join([*about, "#", *facts(planned, size).lines(), *proof, *lines[end:], ""])


def size_of(text: str, dims: int) -> tuple[int, ...]:
    """The size of the image that a header gives.

    >>> size_of("3 channels, 132×132×116; time: 1 value", 3)
    (132, 132, 116)
    """
    return tuple(map(int, text.partition(", ")[2].partition(";")[0].split("×")))[:dims]


if __name__ == "__main__":
    main()
