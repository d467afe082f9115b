"""What only people know of a model: its licence, its purpose, its limits. A YAML file says it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from unetkit.document.document import read
from unetkit.document.keys import Keys
from unetkit.document.reader import Reader

Text = Annotated[str, Field(min_length=1, max_length=20_000)]
"""A text; paragraphs are parted by an empty line."""


class About(Keys):
    """The fields of a model card that are filled in by hand. What is left out is asked for in the card."""

    title: Text | None = None
    """What the model is called. [default: the name of its spec]"""
    license: Text | None = None
    """The licence of the weights: an SPDX identifier such as MIT or CC-BY-4.0, or its name."""
    authors: Text | None = None
    """Who made the model."""
    contact: Text | None = None
    """Where questions go."""
    intended_use: Text | None = None
    """What the model is for, and for whom."""
    out_of_scope: Text | None = None
    """What it must not be used for."""
    limitations: Text | None = None
    """Where it is known to fail: scanners, stains, species, ages, sizes that it has not seen."""
    data_source: Text | None = None
    """Where the images come from, who labelled them, and how."""
    data_license: Text | None = None
    """The terms of the images."""
    citation: Text | None = None
    """How to cite the model."""

    def open(self) -> tuple[str, ...]:
        """Returns the fields that are not filled in."""
        return tuple(name for name in type(self).model_fields if name != "title" and getattr(self, name) is None)


def load_about(path: Path) -> About:
    """Returns what a file says; raises SpecError with everything that is wrong in it.

    An example: `license: MIT`, and below it `intended_use: Cell membranes in electron micrographs.`
    """
    reader = Reader(read(path))
    about = reader.read_keys(About, reader.document.values())
    reader.raise_faults()
    return about
