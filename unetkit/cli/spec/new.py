"""unetkit new."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from unetkit.cli.arguments import Overwrite, complete_spec, read_files
from unetkit.cli.output import say

PATCHES = {1: 1024, 2: 128, 3: 32}
"""Samples per axis of a patch, by dims."""


def new(
    file: Annotated[Path, typer.Argument(help="The YAML file to write.", show_default=False)],
    kind: Annotated[Literal["spec", "data", "run", "study"], typer.Option(help="What is in it.")] = "spec",
    dims: Annotated[int, typer.Option(min=1, max=3, help="Axes of the images.")] = 2,
    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SPEC",
            help="Begin with this spec and change it.",
            show_default=False,
            autocompletion=complete_spec,
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a commented spec to begin with; or a data file, a run, a study."""
    from unetkit.overwriting import check_outputs
    from unetkit.writing import write_whole

    if file.suffix not in (".yaml", ".yml"):
        raise typer.BadParameter(f"{file} is no YAML file: call it {file}.yaml.")
    if base is not None and dims != 2:
        raise typer.BadParameter("--from takes the axes of its spec: leave --dims out.")
    if base is not None and kind == "data":
        raise typer.BadParameter("--from is for what has a network: leave it out.")
    text = starter(file, kind, dims, base)
    check_outputs([file], inputs=begun_with(base), overwrite=overwrite)
    write_whole(file, text.encode())
    say(file)


def starter(file: Path, kind: str, dims: int, base: str | None) -> str:
    """Returns the text of a new file; raises SpecError where it is to begin with a spec that is not valid."""
    from unetkit.cli.spec.starters import CHANGED, OWN_SPEC, STARTERS

    text, spec, extends = STARTERS[kind], OWN_SPEC.format(dims=dims, width=8 if dims == 3 else 16), "unet-same"
    if base is not None:
        text, spec = CHANGED if kind == "spec" else text, ""
        dims, extends = extended(file, base)
    return text.format(
        file=file,
        base=base,
        name=entry("name", file.stem),
        dims=dims,
        extends=entry("extends", extends),
        spec=spec,
        patch=PATCHES[dims],
        batch=4 if dims == 3 else 8,
        turn="rotation" if dims > 1 else "scale",
    )


def begun_with(base: str | None) -> set[Path]:
    """Returns the files that a new one extends."""
    from unetkit.language import load

    return read_files(load(base)) if base else set()


def extended(file: Path, base: str) -> tuple[int, str]:
    """Returns the dims of a spec, and what a file calls it; raises SpecError where it is not valid."""
    from unetkit.language import find_spec, load, shipped
    from unetkit.planning import plan

    dims = plan(load(base)).dims
    return dims, base if base in shipped() else Path(os.path.relpath(find_spec(base), file.parent)).as_posix()


def entry(key: str, value: str) -> str:
    """Returns one line of YAML, the value quoted where it must be.

    >>> entry("name", "mine"), entry("name", "12")
    ('name: mine', "name: '12'")
    """
    import yaml  # its writer

    return str(yaml.safe_dump({key: value}, allow_unicode=True, width=1000)).rstrip()
