"""What a card is made of: sections of parts, in no format yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from unetkit.data.pairs import Colour
from unetkit.scoring.figure import Example


@dataclass(frozen=True)
class Prose:
    """Paragraphs, parted by an empty line."""

    text: str


@dataclass(frozen=True)
class Gap:
    """A field that nobody filled in, and what belongs there."""

    field: str
    about: str


@dataclass(frozen=True)
class FactTable:
    """Names with their values, below one another."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class PictureGrid:
    """A table; the first column names the rows, the others are numbers unless `words`."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    words: bool = False
    colours: Sequence[Colour] = ()
    """A colour for each row."""


@dataclass(frozen=True)
class NetworkDrawing:
    """An SVG of unetkit's own making, with a name for its file."""

    svg: str
    name: str
    description: str


@dataclass(frozen=True)
class Curve:
    """A line over training steps."""

    points: Sequence[tuple[float, float]]
    title: str
    name: str


@dataclass(frozen=True)
class Pictures:
    """Labelled images, with the names and colours of their classes."""

    examples: Sequence[Example]
    classes: Sequence[str]
    colours: Sequence[Colour]


@dataclass(frozen=True)
class Code:
    """A text that is shown letter by letter; `folded` where it is long."""

    text: str
    language: str
    folded: str = ""


Part: TypeAlias = Prose | Gap | FactTable | PictureGrid | NetworkDrawing | Curve | Pictures | Code


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    parts: Sequence[Part]
    lead: str = ""

    @property
    def anchor(self) -> str:
        """The name of its place in a page."""
        return self.title.lower().replace(" ", "-")
