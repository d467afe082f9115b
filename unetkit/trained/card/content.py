"""The building blocks of a card, independent of the output format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from unetkit.data.pairs import Colour
from unetkit.scoring.figure import Example


@dataclass(frozen=True)
class Paragraphs:
    """Paragraphs separated by empty lines."""

    text: str


@dataclass(frozen=True)
class MissingField:
    """A field that is not filled in, and a description of what belongs there."""

    field: str
    about: str


@dataclass(frozen=True)
class FactList:
    """Names with their values."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class CardTable:
    """A table. The first column names the rows; the others are numbers unless `words`."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    words: bool = False
    colours: Sequence[Colour] = ()
    """A colour for each row."""


@dataclass(frozen=True)
class NetworkDrawing:
    """An SVG, and the name of its file."""

    svg: str
    name: str
    description: str


@dataclass(frozen=True)
class TrainingCurve:
    """A value over the training steps."""

    points: Sequence[tuple[float, float]]
    title: str
    name: str


@dataclass(frozen=True)
class ExamplePanels:
    """Predicted images, and the names and colours of their classes."""

    examples: Sequence[Example]
    classes: Sequence[str]
    colours: Sequence[Colour]


@dataclass(frozen=True)
class CodeBlock:
    """Verbatim text. A long one is folded under a title."""

    text: str
    language: str
    folded: str = ""


CardPart: TypeAlias = (
    Paragraphs | MissingField | FactList | CardTable | NetworkDrawing | TrainingCurve | ExamplePanels | CodeBlock
)


@dataclass(frozen=True)
class Section:
    """A heading, a line below it, and its content."""

    title: str
    parts: Sequence[CardPart]
    lead: str = ""

    @property
    def anchor(self) -> str:
        """The id of the section in a page."""
        return self.title.lower().replace(" ", "-")
