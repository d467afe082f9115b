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

Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run file with spec, data and training; or a SPEC.", show_default=False)
]
Data = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]",
        help="With a SPEC: a data file, a folder with images/ and masks/ of the same file names, or mni.",
        show_default=False,
    ),
]
_Folder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="The run's folder. [default: runs/NAME]", show_default=False),
]
_Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a setting, as in --set spec.skip.align=pad or --set training.batch=4. Can be repeated.",
        show_default=False,
    ),
]
Steps = Annotated[int | None, typer.Option(min=1, help="With a SPEC: number of steps.", show_default=False)]
_Minutes = Annotated[float | None, typer.Option(min=0, help="With a SPEC: minutes of training.", show_default=False)]
_Epochs = Annotated[float | None, typer.Option(min=0, help="With a SPEC: number of epochs.", show_default=False)]


def train(  # noqa: PLR0913 - one parameter per option
    run: Run,
    data: Data = None,
    output: _Folder = None,
    changes: _Changes = None,
    steps: Steps = None,
    minutes: _Minutes = None,
    epochs: _Epochs = None,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="Number of devices, or their indices as in 0,1.")] = "1",
    strategy: Annotated[str, typer.Option(help="The strategy of Lightning, such as ddp.")] = "auto",
    nodes: Annotated[int, typer.Option(min=1, help="Number of machines.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.", show_default=False)] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Train a network, from a run file, or from a SPEC with its DATA and --steps, --minutes or --epochs.

    An interrupted run is resumed. For a finished run, only its result is shown.
    """
    from unetkit.cli.output import print_json

    folders: list[Path] = []
    with resumable(lambda: _resumption(folders)):
        from unetkit.train import Machine, train_run
        from unetkit.train.run_folder import check_folder

        loaded = _read_run(run, data, {"steps": steps, "minutes": minutes, "epochs": epochs}, changes or [])
        folder = output or Path("runs") / (loaded.spec.name if data else run.stem)
        folders.append(folder)
        inputs = {run} | source_files(loaded, loaded.spec) | loaded.data.files()
        inputs |= {Path(loaded.training.weights)} if loaded.training.weights else set()
        check_folder(folder, inputs=inputs, overwrite=overwrite)
        say(*loaded.taken, to_errors=True)
        machine = Machine(accelerator, int(devices) if devices.isdigit() else devices, strategy, nodes, threads)
        result = train_run(loaded, folder, machine=machine)
    if not result.values:
        return  # a process other than the first
    print_json({"folder": str(folder), **result.values}) if as_json else _print_result(result)


def _resumption(folders: list[Path]) -> str:
    """What resuming a stopped training does; empty in processes other than the first."""
    from unetkit.train.run_folder import CHECKPOINT, is_main_process

    if not is_main_process():
        return ""
    if any((folder / CHECKPOINT).exists() for folder in folders):
        return "this resumes from the last checkpoint"
    return "there is no checkpoint yet, so this starts from the beginning"


def _read_run(run: Path, data: str | None, budget: dict[str, Any], changes: list[str]) -> RunSpec:
    """Loads a run file, or composes a run of a SPEC, its DATA and a budget."""
    from unetkit.train import load_run

    given = {key: value for key, value in budget.items() if value is not None}
    if data is None:
        if given:
            raise typer.BadParameter(
                f"a run file contains the duration: change it with --set training.{next(iter(given))}=…"
            )
        return load_run(run, changes)
    if not given and not any(
        one.startswith(("training.steps=", "training.epochs=", "training.minutes=")) for one in changes
    ):
        raise typer.BadParameter("give the duration of the training: --steps, --minutes or --epochs.")
    return _compose(str(run), data, given, changes)


def _compose(spec: str, data: str, budget: dict[str, Any], changes: list[str]) -> RunSpec:
    """The run of a spec on data. Changes apply to the spec, unless their path starts with training or data."""
    from unetkit.cli.progress import ProgressCounter
    from unetkit.train import quick_run

    of_run = [one for one in changes if one.startswith(("training.", "data."))]
    of_spec = [one for one in changes if one not in of_run]
    with ProgressCounter("masks examined") as progress:
        return quick_run(spec, data, budget, of_spec, of_run, progress)


def _print_result(result: RunResult) -> None:
    from unetkit.cli.output import print_rich, table

    split = result.values["scores"]["split"]
    say(f"{result.folder}: {result.steps:,} steps; best.safetensors on the {split} images:")
    rows = table("class", "Dice", "IoU", right=("Dice", "IoU"))
    iou = result.means("iou")
    for name, dice in result.means("dice").items():
        rows.add_row(name, f"{dice:.3f}", f"{iou[name]:.3f}")
    print_rich("", rows)
