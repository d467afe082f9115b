"""unetkit schema."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Literal

import typer

_MODELS = {
    "spec": "language.spec_keys:SpecKeys",
    "data": "data.data_keys:DataKeys",
    "run": "train.run_keys:RunKeys",
    "study": "study.study_keys:StudyKeys",
}


def schema(
    kind: Annotated[Literal["spec", "data", "run", "study"], typer.Argument(help="The kind of file.")] = "spec",
) -> None:
    """Print the JSON Schema of a kind of YAML file, for editors. It includes all installed components."""
    from unetkit.cli.output import print_json
    from unetkit.document.schema import schema as json_schema

    module, _, name = _MODELS[kind].partition(":")
    print_json(json_schema(getattr(import_module(f"unetkit.{module}"), name)))
