"""Small pictures in a run's folder: a test image, its true labels and what the run predicted, for the report."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from unetkit.study.results import Example
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from unetkit.scoring import figure

FOLDER = "examples"
NAMES = ("image.png", "truth.png", "prediction.png")


def write_pictures(run: Path, examples: Iterable[figure.Example], colours: Sequence[tuple[int, int, int]]) -> None:
    """Writes `examples/<image>/{image,truth,prediction}.png` into a run's folder, in the colours of the classes."""
    for example in examples:
        for name, picture in zip(NAMES, example.panels(colours), strict=False):
            file = io.BytesIO()
            picture.save(file, "PNG")
            write_whole(run / FOLDER / quote(example.name, safe="") / name, file.getvalue())


def pictures_in(run: Path) -> tuple[Example, ...]:
    """Returns the pictures in a run's folder; those of an image that are not all there do not count."""
    try:
        folders = sorted((run / FOLDER).iterdir())
    except OSError:
        return ()
    found = [(folder, [folder / name for name in NAMES]) for folder in folders]
    return tuple(Example(unquote(folder.name), *files) for folder, files in found if all(map(Path.exists, files)))
