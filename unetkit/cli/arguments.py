"""Arguments and options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, Protocol

import typer

from unetkit.errors import Fault, Place, UnetkitError

if TYPE_CHECKING:
    from unetkit.document.document import Document
    from unetkit.planning import Plan


def complete_spec(incomplete: str) -> list[str]:
    """Completes a SPEC: names of shipped specs, YAML files and folders."""
    from unetkit.language import shipped

    typed = Path(incomplete)
    folder, start = (typed, "") if incomplete.endswith("/") else (typed.parent, typed.name)
    paths = sorted(path for path in folder.glob("*") if path.name.startswith(start) and start + path.name[0] != ".")
    files = [str(path) for path in paths if path.suffix in (".yaml", ".yml")]
    folders = [f"{path}/" for path in paths if path.is_dir()]
    return [name for name in shipped() if name.startswith(incomplete)] + files + folders


SpecName = Annotated[
    str,
    typer.Argument(
        metavar="SPEC",
        help="A YAML file, or the name of a shipped spec.",
        show_default=False,
        autocompletion=complete_spec,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a setting, as in --set skip.align=pad. VALUE is YAML. Can be repeated.",
        show_default=False,
    ),
]
SizeText = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="SIZE",
        help="Image size: 572, or one number per axis as in 132x132x116. [default: a common size that fits]",
        show_default=False,
    ),
]
_COUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)([kMGT]?)")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]


class OptionValue(NamedTuple):
    """An option that is short for an assignment, such as `--classes a,b` for classes=[a,b]."""

    option: str
    given: str | None
    """None if the option was not given."""
    path: str
    value: str = "{}"
    """The assigned value, with braces in place of the given text."""

    def shown(self, fault: Fault) -> Fault:
        """Moves a fault of the assignment to the option; returns any other fault unchanged."""
        if self.given is None:
            return fault
        assignment, place = f"{self.path}={self.value.format(self.given)}", fault.place
        if place is None and fault.path == self.path:
            return replace(fault, place=Place(self.option, 1, 1, self.given, len(self.given)))
        if place is None or (place.file, place.text) != ("--set", assignment):
            return fault
        column = max(1, place.column - len(self.path) - 1 - self.value.index("{"))
        width = max(1, min(place.width, len(self.given) - column + 1))
        return replace(fault, place=Place(self.option, 1, column, self.given, width))


@contextmanager
def shown_at(*values: OptionValue) -> Iterator[None]:
    """Shows faults of assignments at the options that are short for them."""
    try:
        yield
    except UnetkitError as error:
        for value in values:
            error.faults = tuple(map(value.shown, error.faults))
        raise


class _Loaded(Protocol):
    """A spec, data file, run or study."""

    @property
    def document(self) -> Document | None: ...


def source_files(*loaded: _Loaded) -> set[Path]:
    """The YAML files of specs, data files, runs and studies, including the files that they extend."""
    return {file for one in loaded if one.document for file in one.document.files()}


def plan_of(spec: str, overrides: list[str] | None = None) -> Plan:
    """Loads and plans a spec."""
    from unetkit.language import load
    from unetkit.planning import plan

    return plan(load(spec, overrides or ()))


def image_size(plan: Plan, text: str | None) -> tuple[int, ...]:
    """The requested size, or the natural size of the network."""
    from unetkit.planning import natural_size

    return natural_size(plan) if text is None else parse_size(text, plan.dims)


def parse_size(text: str, dims: int) -> tuple[int, ...]:
    """Parses a size; a single number applies to all axes. Raises BadParameter for any other text.

    >>> parse_size("572", 2), parse_size("132x132x116", 3)
    ((572, 572), (132, 132, 116))
    """
    parts = text.lower().replace("×", "x").split("x")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise typer.BadParameter(f"{text!r} is not a size: write 572, or 132x132x116.")
    numbers = tuple(map(int, parts))
    return numbers * dims if len(numbers) == 1 else numbers


def parse_bytes(text: str) -> int:
    """Parses an amount of memory. Raises BadParameter for any other text.

    >>> parse_bytes("6GB"), parse_bytes("512 MiB")
    (6000000000, 536870912)
    """
    from unetkit.wording import AMOUNT, num_bytes

    if re.fullmatch(AMOUNT, text) is None:
        raise typer.BadParameter(f"{text!r} is no amount of memory: write 6GB or 500MB.")
    return num_bytes(text)


def parse_count(text: str) -> int:
    """Parses a count with or without an SI prefix. Raises BadParameter for any other text.

    >>> parse_count("10M"), parse_count("1.5k"), parse_count("31_030_658")
    (10000000, 1500, 31030658)
    """
    found = _COUNT.fullmatch(text.replace("_", "").replace(",", ""))
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a number: write 10M, 1.5G or 31030658.")
    return round(float(found[1]) * 10.0 ** (3 * " kMGT".index(found[2] or " ")))
