"""From a model file to a file of another program: what the model file says goes with it."""

from __future__ import annotations

from pathlib import Path

from unetkit.data import Normalization
from unetkit.export import Exported, Levels, export
from unetkit.export.formats import Format
from unetkit.model import load_model, read_header


def ship(model: Path, file: Path, to: Format) -> Exported:
    """Writes the model of a file in another format, whole or not at all, and returns how the two compare.

    A normalization by fixed numbers becomes a part of it; one by those of each image comes before it, and is told by
    the metadata, which are all kept.
    """
    header = read_header(model)
    levels = None
    if "normalization" in header:
        normalization = Normalization.from_json(header["normalization"])
        if normalization.type == "dataset":
            levels = Levels(normalization.mean, normalization.std)
    return export(load_model(model), file, to, levels=levels, metadata=header)
