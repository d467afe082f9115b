"""Export of a model file to another format, with its metadata and its normalization."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from unetkit.overwriting import check_outputs

if TYPE_CHECKING:
    from unetkit.data import Normalization
    from unetkit.export import Exported, InputScaling
    from unetkit.export.formats import Format


def export_model(model: Path, output: Path, to: Format, *, overwrite: bool = False) -> Exported:
    """Writes a model file in another format, atomically, and compares the outputs of both.

    A normalization with fixed numbers becomes a part of the exported model. One with the statistics of each image has
    to be done before, and is described in the metadata, which are all copied.
    """
    check_outputs([output], inputs=[model], overwrite=overwrite)
    from unetkit.export import export  # imports torch
    from unetkit.model import load_model, read_header
    from unetkit.trained.modelfile import SIGNATURE, Trained

    header = read_header(model)
    if SIGNATURE not in header:
        exported = export(load_model(model), output, to, metadata=header)
        return exported._replace(input="images as the network was trained with")
    trained = Trained.load(model)
    normalization = trained.normalization
    exported = export(trained.model, output, to, levels=input_scaling(normalization), metadata=header)
    if normalization.per_image:
        return exported._replace(input=f"images normalised one by one ({normalization.type}), as unetkit predict does")
    return exported._replace(input="images as stored; the file normalises them")


def input_scaling(normalization: Normalization) -> InputScaling | None:
    """The normalization that becomes a part of an exported model; None where images are normalised before."""
    from unetkit.export import InputScaling

    return InputScaling(normalization.mean, normalization.std) if normalization.type == "dataset" else None
