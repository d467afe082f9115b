"""unetkit validate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, complete_spec
from unetkit.cli.output import say
from unetkit.errors import Fault, UnetkitError

if TYPE_CHECKING:
    from unetkit.language import Spec
    from unetkit.planning import Plan

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Specs, data files, runs and studies (YAML), or names of shipped specs.",
        show_default=False,
        autocompletion=complete_spec,
    ),
]


def validate(files: Files, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Check specs, and tell everything that is wrong with them; data files, runs and studies too.

    No image is read: `unetkit data` does that.
    """
    results: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for reference in files:
        try:
            found = facts(reference, overrides or ())
        except UnetkitError as error:
            results.append({"spec": reference, "valid": False})
            faults += error.faults
        else:
            results.append({"spec": reference, "valid": True, **found})
            if not as_json:
                say(told(**found))
    if as_json:
        from unetkit.cli.output import print_json

        print_json({"specs": results})
    if faults:
        raise UnetkitError(*faults)


def facts(reference: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Returns what is to be told of a valid file; raises UnetkitError with everything that is wrong."""
    from unetkit.document.kinds import kind_in
    from unetkit.language import load

    path = Path(reference)
    match kind_in(path) if path.is_file() else None:
        case "data":
            from unetkit.data.loading import load_data

            data = load_data(path, overrides)
            return {"kind": "data", "name": data.name or path.stem, "dims": data.dims}
        case "run":
            from unetkit.train.runspec import load_run

            planned = planned_to_fit(load_run(path, overrides).spec)
            return {"kind": "run", "name": path.stem, "parameters": planned.parameters}
        case "study":
            from unetkit.study.loading import load_study

            study = load_study(path, overrides)
            return {"kind": "study", "name": study.name, "arms": len(study.planned)}
    planned = planned_to_fit(load(reference, overrides))
    return {"kind": "spec", "name": planned.spec.name, "parameters": planned.parameters}


def planned_to_fit(spec: Spec) -> Plan:
    """Returns the plan of a network; raises SizeError where no image fits it."""
    from unetkit.planning import natural_size, plan

    planned = plan(spec)
    planned.at(natural_size(planned))
    return planned


def told(kind: str, name: str, **facts: int) -> str:
    """Returns what is printed of a valid file."""
    ((what, number),) = facts.items()
    return f"{name}: valid{'' if kind == 'spec' else f' {kind}'}, {number:,} {what}"
