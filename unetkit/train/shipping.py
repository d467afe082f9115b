"""From a model file to a file of another program: what the model file says goes with it."""

from __future__ import annotations

from pathlib import Path

from unetkit.data import Scale
from unetkit.export import Exported, Levels, export
from unetkit.export.formats import Format
from unetkit.model import load_model, read_header


def ship(model: Path, file: Path, to: Format) -> Exported:
    """Writes the model of a file in another format, whole or not at all, and returns how the two compare.

    The scale of the images becomes a part of it where the model file says one; all its metadata are kept.
    """
    header = read_header(model)
    levels = None
    if "scale" in header:
        scale = Scale.from_json(header["scale"])
        levels = Levels(scale.mean, scale.std)
    return export(load_model(model), file, to, levels=levels, metadata=header)
