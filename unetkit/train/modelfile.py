"""A trained network with what its numbers mean: the scale of its images and the names of its classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from torch import nn

import unetkit
from unetkit.data import Scale
from unetkit.errors import Fault, FileError


@dataclass(frozen=True)
class Trained:
    """A network, the scale of the images that it was trained with, and its classes; one file holds all three."""

    model: nn.Module
    scale: Scale
    classes: tuple[str, ...]

    def save(self, file: Path) -> None:
        """Writes the file that `load`, `unetkit.load_model` and `unetkit predict` read."""
        unetkit.save(self.model, file, extra={"scale": self.scale.to_json(), "classes": json.dumps(self.classes)})
