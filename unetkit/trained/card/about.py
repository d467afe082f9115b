"""The fields of a model card that are filled in by hand, from a YAML file, and the names of a card's files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from unetkit.document.document import read
from unetkit.document.keys import Keys
from unetkit.document.reader import Reader

HTML, MARKDOWN = "card.html", "README.md"
PICTURES = "card-files"
"""The folder of the pictures that README.md shows."""

Text = Annotated[str, Field(min_length=1, max_length=20_000)]
"""Paragraphs separated by empty lines."""


def card_paths(folder: Path) -> list[Path]:
    """The paths that `write_card` writes to."""
    return [folder / name for name in (HTML, MARKDOWN, PICTURES)]


class About(Keys):
    """The fields of a model card that are filled in by hand. The card marks those that are missing."""

    title: Text | None = None
    """The name of the model, by default that of its spec."""
    license: Text | None = None
    """The licence of the weights: an SPDX identifier such as MIT or CC-BY-4.0, or its name."""
    authors: Text | None = None
    """The authors of the model."""
    contact: Text | None = None
    """Contact for questions."""
    intended_use: Text | None = None
    """Purpose and users."""
    out_of_scope: Text | None = None
    """Uses that the model is not suitable for."""
    limitations: Text | None = None
    """Known failures: scanners, stains, species, ages, sizes that are not in the training data."""
    data_source: Text | None = None
    """Origin of the images and labels, and how they were labelled."""
    data_license: Text | None = None
    """Licence of the images."""
    citation: Text | None = None
    """How to cite the model."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the fields that are not filled in."""
        return tuple(name for name in type(self).model_fields if name != "title" and getattr(self, name) is None)


def load_about(path: Path) -> About:
    """Reads the fields from a YAML file; raises SpecError with everything that is wrong in it.

    An example: `license: MIT`, and below it `intended_use: Cell membranes in electron micrographs.`
    """
    reader = Reader(read(path))
    about = reader.read_keys(About, reader.document.values())
    reader.raise_faults()
    return about
