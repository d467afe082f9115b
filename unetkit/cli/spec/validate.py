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

_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Specs, data files, runs and studies (YAML), or names of shipped specs.",
        show_default=False,
        autocompletion=complete_spec,
    ),
]


def validate(files: _Files, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Check specs, data files, runs and studies, and report all their errors.

    Images are not read; `unetkit data` checks them.
    """
    results: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for reference in files:
        try:
            values = _check(reference, overrides or ())
        except UnetkitError as error:
            results.append({"spec": reference, "valid": False})
            faults += error.faults
        else:
            results.append({"spec": reference, "valid": True, **values})
            if not as_json:
                say(_sentence(**values))
    if as_json:
        from unetkit.cli.output import print_json

        print_json({"specs": results})
    if faults:
        raise UnetkitError(*faults)


def _check(reference: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Loads a file of any kind: its kind, its name and one number about it. Raises UnetkitError with all errors."""
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

            return {"kind": "run", "name": path.stem, "parameters": _parameters(load_run(path, overrides).spec)}
        case "study":
            from unetkit.study.loading import load_study

            study = load_study(path, overrides)
            return {"kind": "study", "name": study.name, "arms": len(study.planned)}
    spec = load(reference, overrides)
    return {"kind": "spec", "name": spec.name, "parameters": _parameters(spec)}


def _parameters(spec: Spec) -> int:
    """Plans a network. Raises SizeError if it accepts no image size."""
    from unetkit.planning import natural_size, plan

    planned = plan(spec)
    planned.at(natural_size(planned))
    return planned.parameters


def _sentence(kind: str, name: str, **facts: int) -> str:
    ((noun, number),) = facts.items()
    return f"{name}: valid{'' if kind == 'spec' else f' {kind}'}, {number:,} {noun}"
