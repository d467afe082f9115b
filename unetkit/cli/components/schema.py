"""unetkit schema."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Literal

import typer

MODULES = {
    "spec": "language.spec_schema",
    "data": "data.data_schema",
    "run": "train.run_schema",
    "study": "study.study_schema",
}


def schema(
    kind: Annotated[Literal["spec", "data", "run", "study"], typer.Argument(help="The kind of file.")] = "spec",
) -> None:
    """Print the JSON Schema of a kind of YAML file, for editors. It includes all installed components."""
    from unetkit.cli.output import print_json

    print_json(import_module(f"unetkit.{MODULES[kind]}").schema())
