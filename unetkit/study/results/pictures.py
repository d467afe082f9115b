"""Small pictures in a run's folder for the report: a test image, its true labels and the prediction."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from pydantic import ValidationError

from unetkit.study.results import records
from unetkit.study.results.records import content_of
from unetkit.study.results.results import ExamplePictures
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from unetkit.scoring import figure

FOLDER, COLOURS = "examples", "colours.json"
NAMES = ("image.png", "truth.png", "prediction.png")
_Colours = Mapping[str, tuple[int, int, int]]


def write_pictures(run: Path, examples: Iterable[figure.Example], colours: _Colours) -> None:
    """Writes `examples/<image>/{image,truth,prediction}.png` into a run's folder, in the colours of the classes.

    `colours` has all classes in order and is saved beside the pictures.
    """
    for example in examples:
        for name, picture in zip(NAMES, example.panels(list(colours.values())), strict=False):
            file = io.BytesIO()
            picture.save(file, "PNG")
            write_whole(run / FOLDER / quote(example.name, safe="") / name, file.getvalue())
    write_whole(run / FOLDER / COLOURS, json.dumps(colours).encode())


def pictures_in(run: Path) -> tuple[ExamplePictures, ...]:
    """The pictures in a run's folder; an image with missing pictures is left out."""
    try:
        folders = sorted(path for path in (run / FOLDER).iterdir() if path.is_dir())
    except OSError:
        return ()
    found = [(folder, [folder / name for name in NAMES]) for folder in folders]
    return tuple(
        ExamplePictures(unquote(folder.name), *files) for folder, files in found if all(map(Path.exists, files))
    )


def colours_in(run: Path) -> _Colours:
    """The colours of the classes in a run's pictures; empty where there are none."""
    try:
        content = content_of(run / FOLDER / COLOURS)
        return {} if content is None else records.COLOURS.validate_json(content)
    except (OSError, ValidationError):
        return {}
