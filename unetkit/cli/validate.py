"""unetkit validate."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, complete_spec
from unetkit.errors import Fault, UnetkitError

SpecNames = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC...",
        help="YAML files, or names of shipped specs.",
        show_default=False,
        autocompletion=complete_spec,
    ),
]


def validate(specs: SpecNames, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Check specs, and tell everything that is wrong with them."""
    from unetkit.planning import plan
    from unetkit.spec import load

    results: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for reference in specs:
        try:
            planned = plan(load(reference, overrides or ()))
        except UnetkitError as error:
            results.append({"spec": reference, "valid": False})
            faults += error.faults
        else:
            name, parameters = planned.spec.name, planned.parameters
            results.append({"spec": reference, "valid": True, "name": name, "parameters": parameters})
            if not as_json:
                print(f"{name}: valid, {parameters:,} parameters")
    if as_json:
        from unetkit.cli.output import print_json

        print_json({"specs": results})
    if faults:
        raise UnetkitError(*faults)
