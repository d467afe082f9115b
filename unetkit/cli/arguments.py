"""The arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from unetkit.document.document import Document
    from unetkit.planning import Plan


def complete_spec(incomplete: str) -> list[str]:
    """Returns what a SPEC that begins so may be: shipped names, YAML files, folders."""
    from unetkit.language import shipped

    typed = Path(incomplete)
    folder, start = (typed, "") if incomplete.endswith("/") else (typed.parent, typed.name)
    found = sorted(path for path in folder.glob("*") if path.name.startswith(start) and start + path.name[0] != ".")
    files = [str(path) for path in found if path.suffix in (".yaml", ".yml")]
    folders = [f"{path}/" for path in found if path.is_dir()]
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
        help="Size of the image: 572, or an entry per axis as in 132x132x116. [default: a usual one that fits]",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")]


class Read(Protocol):
    """What was read from YAML: a spec, data, a run, a study."""

    @property
    def document(self) -> Document | None: ...


def read_files(*asked: Read) -> set[Path]:
    """Returns the files that specs, data, runs and studies were read from, those that they extend among them."""
    return {file for one in asked if one.document for file in one.document.files()}


def parse_size(text: str, dims: int) -> tuple[int, ...]:
    """Returns a size; one number counts for all axes. Raises BadParameter where the text is none.

    >>> parse_size("572", 2), parse_size("132x132x116", 3)
    ((572, 572), (132, 132, 116))
    """
    parts = text.lower().replace("×", "x").split("x")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise typer.BadParameter(f"{text!r} is no size: write 572, or 132x132x116.")
    numbers = tuple(map(int, parts))
    return numbers * dims if len(numbers) == 1 else numbers


def chosen_size(plan: Plan, text: str | None) -> tuple[int, ...]:
    """Returns the size that was asked for, or the natural size of the network."""
    from unetkit.planning import natural_size

    return natural_size(plan) if text is None else parse_size(text, plan.dims)
