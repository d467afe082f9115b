"""unetkit new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from unetkit.cli.arguments import Overwrite, complete_spec
from unetkit.cli.output import say

_Base = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SPEC",
        help="Start from this spec and change it.",
        show_default=False,
        autocompletion=complete_spec,
    ),
]


def new(
    file: Annotated[Path, typer.Argument(help="The YAML file to write.", show_default=False)],
    kind: Annotated[Literal["spec", "data", "run", "study"], typer.Option(help="The kind of file.")] = "spec",
    dims: Annotated[int, typer.Option(min=1, max=3, help="Spatial axes of the images.")] = 2,
    base: _Base = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a commented spec to start from; or a data file, a run or a study."""
    from unetkit.starters import write_starter

    if file.suffix not in (".yaml", ".yml"):
        raise typer.BadParameter(f"{file} is not a YAML file: name it {file}.yaml.")
    if base is not None and dims != 2:
        raise typer.BadParameter("--from uses the axes of its spec: omit --dims.")
    if base is not None and kind == "data":
        raise typer.BadParameter("--from applies to files with a network: omit it.")
    say(write_starter(file, kind, dims=dims, base=base, overwrite=overwrite))
