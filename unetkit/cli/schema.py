"""unetkit schema."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer


class Kind(StrEnum):
    """The kinds of YAML files."""

    SPEC = "spec"
    DATA = "data"
    RUN = "run"
    STUDY = "study"


HOMES = {Kind.SPEC: "spec", Kind.DATA: "data", Kind.RUN: "train", Kind.STUDY: "study"}


def schema(
    kind: Annotated[Kind, typer.Argument(help="Of which files.", show_default=True)] = Kind.SPEC,
) -> None:
    """Print the JSON Schema of specs, data files, runs or studies, for editors, with all that is installed."""
    from unetkit.cli.output import print_json

    print_json(import_module(f"unetkit.{HOMES[kind]}.schema").schema())
