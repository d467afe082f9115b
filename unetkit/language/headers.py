"""The shipped specs with the facts that their headers state, so that a list of all of them plans nothing.

A header is the comment at the top of a file: what the network is, its facts, and by what it was verified. A test holds
the facts against the plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from unetkit.document.merge import plain
from unetkit.document.text import checked, compose_map
from unetkit.errors import Fault, Place, SpecError
from unetkit.language.find import shipped
from unetkit.wording import plural, size_text

_Size: TypeAlias = tuple[int, ...]
_WIDTH = 18
"""Columns of a label and the space after it."""
LABELS = ("Input", "Output", "Parameters", "Multiply-adds", "Receptive field", "Verified")
_MAP = re.compile(r"([\d,]+) channels?, ([\d×]+)")
_NUMBER = re.compile(r"[\d,]+")
_WHOLE = "whole image"


class Port(NamedTuple):
    """An input or an output of a network: its channels and its size; a vector has no size."""

    name: str
    channels: int
    size: _Size = ()

    def __str__(self) -> str:
        held = plural(self.channels, "channel") if self.size else plural(self.channels, "value")
        text = f"{held}, {size_text(self.size)}" if self.size else held
        return f"{self.name}: {text}" if self.name else text


class Facts(NamedTuple):
    """The facts of a network at an input size, as a header states them."""

    inputs: tuple[Port, ...]
    """The image, then vectors."""
    outputs: tuple[Port, ...]
    """Those of inference."""
    parameters: int
    """Those of all outputs."""
    inference_parameters: int
    """Those without outputs that exist in training only."""
    macs: int
    receptive_field: tuple[int | None, ...]

    def lines(self) -> list[str]:
        """The lines of a header.

        >>> found = Facts((Port("", 1, (572, 572)),), (Port("", 2, (388, 388)),), 31_030_658, 31_030_658, 9, (204, 204))
        >>> print(*found.lines()[:3], sep="\\n")
        # Input:            1 channel, 572×572
        # Output:           2 channels, 388×388
        # Parameters:       31,030,658
        """
        parameters = f"{self.parameters:,}"
        if self.parameters != self.inference_parameters:
            parameters = f"{self.inference_parameters:,}; with outputs for training {parameters}"
        known = [width for width in self.receptive_field if width is not None]
        field = size_text(width or "whole" for width in self.receptive_field) if known else _WHOLE
        values = (
            "; ".join(map(str, self.inputs)),
            "; ".join(map(str, self.outputs)),
            parameters,
            f"{self.macs:,}",
            field,
        )
        return [f"# {f'{label}:':{_WIDTH}}{value}" for label, value in zip(LABELS, values, strict=False)]


class ShippedSpec(NamedTuple):
    """A shipped spec as its file describes it."""

    name: str
    family: str
    path: Path
    about: str
    """What the network is, in the words of the header."""
    description: str
    paper: str
    facts: Facts
    verified: str
    """By what the network was verified, or why it was not."""

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return len(self.facts.receptive_field)

    @property
    def words(self) -> str:
        """All its texts, in lower case."""
        return " ".join((self.name, self.family, self.about, self.description, self.paper, self.verified)).lower()

    def json(self) -> dict[str, Any]:
        """The row of a list, as plain values. Channels and size are those of the image and of the first output."""
        image, output = self.facts.inputs[0], self.facts.outputs[0]
        return {
            "name": self.name,
            "family": self.family,
            "description": self.description,
            "paper": self.paper,
            "dims": self.dims,
            "in_channels": image.channels,
            "out_channels": output.channels,
            "parameters": self.facts.parameters,
            "inference_parameters": self.facts.inference_parameters,
            "macs": self.facts.macs,
            "input_size": list(image.size),
            "output_size": list(output.size),
            "receptive_field": list(self.facts.receptive_field),
            "verified": self.verified,
        }


Order = Literal["family", "name", "dims", "parameters", "macs", "receptive_field"]


class Selection(NamedTuple):
    """Which shipped specs are wanted; None and nothing mean any."""

    words: Sequence[str] = ()
    """Each must occur in the texts of a spec."""
    dims: int | None = None
    families: Sequence[str] = ()
    max_parameters: int | None = None
    max_macs: int | None = None

    def has(self, spec: ShippedSpec) -> bool:
        """Whether a spec is wanted."""
        return (
            all(word.lower() in spec.words for word in self.words)
            and self.dims in (None, spec.dims)
            and (not self.families or spec.family in self.families)
            and (self.max_parameters is None or spec.facts.parameters <= self.max_parameters)
            and (self.max_macs is None or spec.facts.macs <= self.max_macs)
        )


_ALL = Selection()


def families() -> tuple[str, ...]:
    """The families of the shipped specs: the folders that they are in."""
    return tuple(dict.fromkeys(path.parent.name for path in shipped().values()))


def select(selection: Selection = _ALL, order: Order = "family") -> list[ShippedSpec]:
    """The shipped specs that are wanted, in an order."""
    found = [spec for spec in map(read_shipped, shipped().values()) if selection.has(spec)]
    return sorted(found, key=lambda spec: _rank(spec, order))


def _rank(spec: ShippedSpec, order: Order) -> Any:
    """What specs are sorted by; those that see the whole image have the largest receptive field."""
    match order:
        case "family":
            return spec.family, spec.name
        case "name":
            return spec.name
        case "dims":
            return spec.dims, spec.family, spec.name
        case "receptive_field":
            return [float("inf") if width is None else width for width in spec.facts.receptive_field], spec.name
    return getattr(spec.facts, order), spec.name


def read_shipped(path: Path) -> ShippedSpec:
    """A shipped spec from its file. Raises SpecError where its header lacks a fact."""
    text = path.read_text(encoding="utf-8")
    about, values = _header(path, text)
    root = compose_map(checked(str(path), text)).value
    keys = {key: plain(root[key][1]) if key in root else "" for key in ("description", "paper")}
    return ShippedSpec(
        path.stem, path.parent.name, path, about, facts=_facts(values), verified=values["Verified"], **keys
    )


def header_of(text: str) -> tuple[str, dict[str, str]]:
    """What the header of a text says first, and what follows each label, which may go on over several lines."""
    about, values, label = list[str](), dict[str, list[str]](), ""
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        content = line.removeprefix("#").strip()
        name, colon, value = content.partition(":")
        if colon and name in LABELS:
            label, content = name, value.strip()
            values[label] = []
        (values[label] if label else about).append(content)
    return " ".join(filter(None, about)), {label: " ".join(lines) for label, lines in values.items()}


def _header(path: Path, text: str) -> tuple[str, dict[str, str]]:
    """The header of a file. Raises SpecError where a label is missing."""
    about, values = header_of(text)
    missing = [label for label in LABELS if label not in values]
    if missing or not about:
        message = f"the header does not say: {', '.join(missing)}" if missing else "the header does not say what it is"
        place = Place(str(path), 1, 1)
        raise SpecError(Fault("header", message, cure="See CONTRIBUTING.md, Adding a spec.", place=place))
    return about, values


def _facts(values: dict[str, str]) -> Facts:
    """The facts of a header."""
    image, outputs = _ports(values["Input"]), _ports(values["Output"])
    parameters = list(map(_number, _NUMBER.findall(values["Parameters"])))
    (macs,) = map(_number, _NUMBER.findall(values["Multiply-adds"]))
    dims, field = len(image[0].size), values["Receptive field"]
    widths = [None] * dims if field == _WHOLE else [None if one == "whole" else int(one) for one in field.split("×")]
    return Facts(tuple(image), tuple(outputs), parameters[-1], parameters[0], macs, tuple(widths))


def _ports(text: str) -> list[Port]:
    return [Port("", _number(one[1]), tuple(map(int, one[2].split("×")))) for one in _MAP.finditer(text)]


def _number(text: str) -> int:
    return int(text.replace(",", ""))
