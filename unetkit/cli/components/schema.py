"""unetkit schema."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Literal

import typer

HOMES = {
    "spec": "language.spec_schema",
    "data": "data.data_schema",
    "run": "train.run_schema",
    "study": "study.study_schema",
}


def schema(
    kind: Annotated[Literal["spec", "data", "run", "study"], typer.Argument(help="Of which files.")] = "spec",
) -> None:
    """Print the JSON Schema of specs, data files, runs or studies, for editors, with all that is installed."""
    from unetkit.cli.output import print_json

    print_json(import_module(f"unetkit.{HOMES[kind]}").schema())
