"""A trained network with what its numbers mean: the scale of its images and the names of its classes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from torch import nn

from unetkit.data import Scale
from unetkit.errors import Fault, FileError
from unetkit.model import load_model, read_header, save


@dataclass(frozen=True)
class Trained:
    """A network, the scale of the images that it was trained with, and its classes; one file holds all three."""

    model: nn.Module
    scale: Scale
    classes: tuple[str, ...]

    def save(self, file: str | os.PathLike[str]) -> Path:
        """Writes the model file and returns its path; `unetkit.load_model` reads it too."""
        extra = {"scale": self.scale.to_json(), "classes": json.dumps(self.classes, ensure_ascii=False)}
        return save(self.model, file, extra=extra)

    @classmethod
    def load(cls, file: str | os.PathLike[str]) -> Self:
        """Returns what a file holds, the network in eval mode; raises FileError where the file says no scale."""
        header = read_header(file)
        if "scale" not in header or "classes" not in header:
            raise FileError(
                Fault(
                    "model-untrained",
                    f"{file} does not say how its images are scaled",
                    cure="Give a file of `unetkit train`.",
                )
            )
        return cls(load_model(file), Scale.from_json(header["scale"]), tuple(json.loads(header["classes"])))
