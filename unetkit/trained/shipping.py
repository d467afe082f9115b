"""From a model file to a file of another program: what the model file says goes with it."""

from __future__ import annotations

from pathlib import Path

from unetkit.data import Normalization
from unetkit.export import Exported, InputScaling, export
from unetkit.export.formats import Format
from unetkit.model import load_model, read_header
from unetkit.trained.modelfile import SIGNATURE, Trained


def ship(model: Path, file: Path, to: Format) -> tuple[Exported, str]:
    """Writes the model of a file in another format, whole or not at all; returns how the two compare, and its input.

    A normalization by fixed numbers becomes a part of it; one by those of each image comes before it, and is told by
    the metadata, which are all kept.
    """
    header = read_header(model)
    if SIGNATURE not in header:
        return export(load_model(model), file, to, metadata=header), "images as the network was trained with"
    trained = Trained.load(model)
    normalization = trained.normalization
    levels = levels_of(normalization)
    taken = f"images normalised one by one ({normalization.type}), as unetkit predict does"
    made = export(trained.model, file, to, levels=levels, metadata=header)
    return made, taken if normalization.per_image else "images as stored; the file normalises them"


def levels_of(normalization: Normalization) -> InputScaling | None:
    """Returns the part of a normalization that becomes a part of an export; None where it comes before it."""
    return InputScaling(normalization.mean, normalization.std) if normalization.type == "dataset" else None
