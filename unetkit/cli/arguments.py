"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]


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
