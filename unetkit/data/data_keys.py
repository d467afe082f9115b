"""The keys of a data file as they stand in the YAML."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from unetkit.block import Count
from unetkit.document.keys import Keys, Slot, bare

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 … 255."""


def _check_colour(text: str) -> str:
    """The text of a colour; raises ValueError if it is none."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f'{text!r} is not a colour: write it as in "#e69f00"')
    return text.lower()


_ColourText = Annotated[str, AfterValidator(_check_colour)]
"""A colour such as `#e69f00`."""
Value = Annotated[int, Field(ge=-(1 << 31), lt=1 << 31)]
Span: TypeAlias = tuple[int, int]
"""The first and the last of consecutive numbers."""


def _check_value(value: int | str) -> int | str:
    """A mask value, or the text of a range of them; raises ValueError if it is neither."""
    found = re.fullmatch(r"(-?\d{1,10})\.\.(-?\d{1,10})", value, re.ASCII) if isinstance(value, str) else None
    first, last = (int(found[1]), int(found[2])) if found else (value, value)
    if isinstance(first, str) or isinstance(last, str) or not -(1 << 31) <= first <= last < 1 << 31:
        raise ValueError(f"{value!r} is neither a number of 32 bits nor a range, as in 128..255")
    return value


_ClassValue = Annotated[int | str, AfterValidator(_check_value)]
"""A number in masks, or numbers from a first to a last, as in `128..255`."""


def span_of(value: int | str) -> Span:
    """The first and the last number of a mask value or range.

    >>> span_of(7), span_of("128..255")
    ((7, 7), (128, 255))
    """
    if isinstance(value, int):
        return value, value
    first, last = value.split("..")
    return int(first), int(last)


def _check_orientation(text: str) -> str:
    """The name of an orientation; raises ValueError if the text is none."""
    lines = text.translate(_LINES)
    if text in ("most_common", "native") or (len(lines) in (2, 3) and len({*lines} & {*"RAS"}) == len(lines)):
        return text
    letters = "a letter for each axis of a volume, or of an image of two: R or L, A or P, S or I"
    raise ValueError(f"{text!r} is no orientation: write most_common, native, or as in RAS {letters}")


_LINES = str.maketrans("LPI", "RAS")
_OrientationText = Annotated[
    str,
    AfterValidator(_check_orientation),
    WithJsonSchema({"type": "string", "pattern": "^(most_common|native|[LRAPSI]{2,3})$"}),
]
"""`most_common`, `native`, or the end that each axis of a volume runs to, as in RAS: right, anterior, superior."""
Step = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A distance between samples."""


def colour_of(text: str) -> Colour:
    """A colour as three numbers.

    >>> colour_of("#e69f00")
    (230, 159, 0)
    """
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


_ClassName = Annotated[str, Field(min_length=1, max_length=200)]


class ClassKeys(Keys):
    """A class: its name, the colour that it is shown in and has in colour masks, and its numbers in grey ones."""

    name: _ClassName
    colour: _ColourText | None = None
    values: tuple[_ClassValue, ...] | None = None
    """Its numbers in masks, or ranges of them, as in 128..255; its place in the list unless given."""


class ChannelKeys(Keys):
    """Some of the channels that the images have."""

    count: Count
    """How many channels there are in a file."""
    take: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    """Which of them are used, in this order; 0 is the first."""


_Number = Annotated[float, Field(allow_inf_nan=False)]
_Text = Annotated[str, Field(min_length=1)]


class VectorKeys(Keys):
    """A vector with a row for each image in a table: CSV, TSV or a text file, with a column of the images' names."""

    table: _Text
    """The table; its path begins at the folder of the data file."""
    column: _Text | Annotated[tuple[_Text, ...], Field(min_length=1)] | None = None
    """The column with its value, or one for each of its values; that with its name unless given."""
    categories: Annotated[tuple[_Text, ...], Field(min_length=2)] | tuple[()] = ()
    """Texts in the column, each of which becomes a value: 1 where the column has it, and else 0."""


def _form_of_channels(value: Any) -> str:
    """The form in which channels are given, so that errors are about that form only."""
    if isinstance(value, ChannelKeys) or (isinstance(value, dict) and {"count", "take"} & value.keys()):
        return "some"
    return "each" if isinstance(value, dict) else "count"


_ChannelsOfEach = Annotated[dict[str, Count], Field(min_length=1)]
_Channels = Annotated[
    Annotated[Count, Tag("count")] | Annotated[ChannelKeys, Tag("some")] | Annotated[_ChannelsOfEach, Tag("each")],
    Discriminator(_form_of_channels),
]


class DataKeys(Keys):
    """The keys of a data file."""

    unetkit: Literal[1] = 1
    """Version of the language."""
    name: str = ""
    description: str = ""
    source: str = ""
    """Where the images come from, and their terms."""
    dims: Annotated[int, Field(ge=1, le=3)] = 2
    """Spatial axes of the images."""
    dataset: Slot
    """Where images and masks are."""
    classes: Annotated[tuple[_ClassName | ClassKeys, ...], Field(min_length=2, max_length=4096)] | None = None
    """Names, or maps with name, colour and values; class 0, class 1 … as found unless given."""
    targets: dict[str, Annotated[Slot, WithJsonSchema({"slot": "target"})]] = Field(default_factory=dict)
    """What the outputs of a network predict, by name; the classes unless given."""
    ignore: Value | tuple[Value, ...] | _ColourText | None = None
    """What stands in masks for pixels that count nowhere: a number, several, or a colour."""
    vectors: dict[str, _Number | Annotated[tuple[_Number, ...], Field(min_length=1)] | _Text | VectorKeys] = Field(
        default_factory=dict
    )
    """Vectors beside the images, by name: numbers for all images, the path of a table, or a map with its columns."""
    split: Slot | None = None
    """Block, ratio, group or file; the data set's own unless given, or else the last fifth for test."""
    channels: _Channels = 1
    """Channels of the images, or some of those that they have; or those of each of several images, by their names."""
    orientation: _OrientationText = "most_common"
    """Axis codes that volumes are brought to, as in RAS; by default those of the most volumes, native leaves each."""
    spacing: Literal["native", "median"] | tuple[Step, ...] = "native"
    """Distance between samples per axis that images are resampled to; native leaves their samples."""
    mask_geometry: Literal["checked", "ignored"] = "checked"
    """Whether masks must lie on the samples of their images by what both files say of spacing, origin and axes."""
    normalization: Slot = bare("dataset")
    cache: bool = True
    """Whether images stay in memory once they are read."""
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Processes that make patches beside the one that trains."""
