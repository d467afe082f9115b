"""unetkit import-nnunet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overwrite

if TYPE_CHECKING:
    from unetkit.nnunet import NnunetPlan, PlanFiles

_Plans = Annotated[
    Path, typer.Argument(metavar="PLANS", help="The plans.json of nnU-Net, version 2.", show_default=False)
]
_Configuration = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="2d, 3d_fullres or 3d_lowres. [default: 3d_fullres, or else 2d]",
        show_default=False,
    ),
]
_Dataset = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The dataset.json, which has the classes.", show_default=False),
]
_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder for the files.", show_default=False)
]


def import_nnunet(
    plans: _Plans,
    output: _Output,
    configuration: _Configuration = None,
    dataset: _Dataset = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write the spec of a plan of nnU-Net, and the data file and the run that it implies.

    Nothing that the file names is imported. What it cannot tell is listed.
    """
    from unetkit.cli.output import count, facts, print_json, print_rich, say, size_text
    from unetkit.nnunet import plan_files, read_dataset, read_plan, write_plan_files

    found = read_plan(plans, configuration)
    files = plan_files(found, None if dataset is None else read_dataset(dataset))
    inputs = [plans, *([] if dataset is None else [dataset])]
    write_plan_files(files, output, overwrite=overwrite, inputs=inputs)
    if as_json:
        print_json(_values(found, files, output))
        return
    network = files.network
    rows = [
        ("configuration", found.name),
        ("network", f"{network.dims}D, {len(network.spec.channels)} stages, {count(network.parameters)} parameters"),
        ("patch", size_text(found.data.patch_size)),
        ("batch", str(found.data.batch_size)),
        ("spacing", size_text(found.data.spacing)),  # type: ignore[arg-type]
        ("normalization", ", ".join(found.data.normalization_schemes)),
    ]
    print_rich(facts(rows), "")
    say("The plans file does not tell, or a data file cannot say:", *(f"  {line}" for line in files.open))
    say(output)


def _values(found: NnunetPlan, files: PlanFiles, output: Path) -> dict[str, Any]:
    data = found.data
    return {
        "folder": str(output),
        "configuration": found.name,
        "parameters": files.network.parameters,
        "digest": files.network.digest,
        "patch": list(data.patch_size),
        "batch": data.batch_size,
        "spacing": list(data.spacing),
        "normalization": list(data.normalization_schemes),
        "open": list(files.open),
    }
