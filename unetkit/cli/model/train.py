"""unetkit train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overwrite, source_files
from unetkit.cli.output import say
from unetkit.cli.stopping import resumable

if TYPE_CHECKING:
    from unetkit.train import RunResult, RunSpec

What = Annotated[
    Path, typer.Argument(metavar="RUN", help="A RUN.yaml: spec, data and training; or a SPEC.", show_default=False)
]
Data = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]",
        help="With a SPEC: a data file, a folder with images/ and masks/ of the same file names, or mni.",
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="The run's folder. [default: runs/NAME]", show_default=False),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a setting, as in --set spec.skip.align=pad or --set training.batch=4. Can be repeated.",
        show_default=False,
    ),
]
Steps = Annotated[int | None, typer.Option(min=1, help="With a SPEC: stop after so many steps.", show_default=False)]
Minutes = Annotated[float | None, typer.Option(min=0, help="With a SPEC: or so many minutes.", show_default=False)]
Epochs = Annotated[
    float | None, typer.Option(min=0, help="With a SPEC: or when each pixel was seen so often.", show_default=False)
]


def train(  # noqa: PLR0913 - one parameter per option
    run: What,
    data: Data = None,
    output: Folder = None,
    changes: Changes = None,
    steps: Steps = None,
    minutes: Minutes = None,
    epochs: Epochs = None,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu, or what there is.")] = "auto",
    devices: Annotated[str, typer.Option(help="How many, or which, as in 0,1.")] = "1",
    strategy: Annotated[str, typer.Option(help="As in ddp.")] = "auto",
    nodes: Annotated[int, typer.Option(min=1, help="Machines that train together.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the CPU.", show_default=False)] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Train a network on images: a RUN.yaml says everything; or give a SPEC and its DATA, and how long.

    A run that was broken off goes on where it was; one that is done is told again.
    """
    from unetkit.cli.output import print_json

    where: list[Path] = []
    with resumable(lambda: left_in(where)):
        from unetkit.train import Machine, train_run
        from unetkit.train.run_folder import check_folder

        asked = read_run(run, data, {"steps": steps, "minutes": minutes, "epochs": epochs}, changes or [])
        folder = output or Path("runs") / (asked.spec.name if data else run.stem)
        where.append(folder)
        inputs = {run} | source_files(asked, asked.spec) | asked.data.files()
        inputs |= {Path(asked.training.weights)} if asked.training.weights else set()
        check_folder(folder, inputs=inputs, overwrite=overwrite)
        say(*asked.taken, to_errors=True)
        machine = Machine(accelerator, int(devices) if devices.isdigit() else devices, strategy, nodes, threads)
        result = train_run(asked, folder, machine=machine)
    if not result.values:
        return  # a process other than the first
    print_json({"folder": str(folder), **result.values}) if as_json else report(result)


def left_in(where: list[Path]) -> str:
    """Returns what a training that was stopped has left in its folder; nothing in processes other than the first."""
    from unetkit.train.run_folder import CHECKPOINT, is_main_process

    if not is_main_process():
        return ""
    if any((folder / CHECKPOINT).exists() for folder in where):
        return "this resumes from the last checkpoint"
    return "there is no checkpoint yet, so this starts from the beginning"


def read_run(run: Path, data: str | None, budget: dict[str, Any], changes: list[str]) -> RunSpec:
    """Returns the run that a RUN.yaml, or a SPEC with its DATA and a budget, says; raises BadParameter for others."""
    from unetkit.train import load_run

    said = {key: value for key, value in budget.items() if value is not None}
    if data is None:
        if said:
            raise typer.BadParameter(f"a RUN.yaml says how long; change it with --set training.{next(iter(said))}=…")
        return load_run(run, changes)
    if not said and not any(
        one.startswith(("training.steps=", "training.epochs=", "training.minutes=")) for one in changes
    ):
        raise typer.BadParameter("say how long to train: --steps, --minutes or --epochs.")
    return quick(str(run), data, said, changes)


def quick(spec: str, data: str, budget: dict[str, Any], changes: list[str]) -> RunSpec:
    """Returns the run of a spec on data; a change is one of the spec unless it names training or data."""
    from unetkit.cli.progress import ProgressCounter
    from unetkit.train import quick_run

    ours = [one for one in changes if one.startswith(("training.", "data."))]
    theirs = [one for one in changes if one not in ours]
    with ProgressCounter("masks examined") as progress:
        return quick_run(spec, data, budget, theirs, ours, progress)


def report(result: RunResult) -> None:
    """Prints where everything is, and Dice and IoU per class."""
    from unetkit.cli.output import print_rich, table

    split = result.values["scores"]["split"]
    say(f"{result.folder}: {result.steps:,} steps; best.safetensors on the {split} images:")
    made = table("class", "Dice", "IoU", right=("Dice", "IoU"))
    iou = result.means("iou")
    for name, dice in result.means("dice").items():
        made.add_row(name, f"{dice:.3f}", f"{iou[name]:.3f}")
    print_rich("", made)
