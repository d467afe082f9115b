"""unetkit predict."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unetkit.cli.arguments import Overwrite
from unetkit.cli.output import console, say
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.quoting import visible

if TYPE_CHECKING:
    from unetkit.data.files.grouping import FileGroup
    from unetkit.trained.labelling import Labeller

Model = Annotated[
    Path,
    typer.Argument(
        help="A model file of `unetkit train`, or what `unetkit export` wrote: ONNX, OpenVINO.", show_default=False
    ),
]
Files = Annotated[
    list[Path],
    typer.Argument(help="Image files, or folders of them; see docs/images.md for the kinds.", show_default=False),
]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where results go.", show_default=False)]
TileText = Annotated[
    str, typer.Option("--tile", metavar="auto|N", help="Samples per axis of a tile, about; auto: what fits best.")
]
MemoryText = Annotated[
    str | None,
    typer.Option(help="What the process may use of the main memory, as in 4GB.", show_default=False),
]
Device = Annotated[str | None, typer.Option(help="As in cuda:0. [default: cuda where there is one, else cpu]")]
Number = Annotated[Literal["fp32", "bf16", "fp16"], typer.Option("--dtype", help="The numbers to compute in.")]
Probabilities = Annotated[bool, typer.Option("--probabilities", help="Write probabilities, not class numbers.")]
Exact = Annotated[
    bool, typer.Option("--exact", help="Refuse tiles that are not exactly what the whole image gives, not blend them.")
]
AxesText = Annotated[
    str | None,
    typer.Option(
        "--axes",
        metavar="LETTERS",
        help="What the stored axes are where files do not say, as in TZYX. [default: as in training]",
        show_default=False,
    ),
]

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def predict(  # noqa: PLR0913 - one parameter per option
    model: Model,
    images: Files,
    output: Folder,
    tile: TileText = "auto",
    memory: MemoryText = None,
    device: Device = None,
    dtype: Number = "fp32",
    probabilities: Probabilities = False,
    exact: Exact = False,
    axes: AxesText = None,
    overwrite: Overwrite = False,
) -> None:
    """Label images of any size with a trained network: a class number for each pixel, in a file of the same kind."""
    asked_tile, asked_memory = parse_tile(tile), None if memory is None else parse_bytes(memory)
    asked_axes = None if axes is None else parse_axes(axes)

    from unetkit.imagefiles import merge_alike
    from unetkit.overwriting import check_outputs
    from unetkit.trained.labelling import PredictOptions, file_labeller

    asked = PredictOptions(asked_tile, asked_memory, device, dtype, probabilities, exact, asked_axes)
    with file_labeller(model, asked) as ready:
        groups, broken = sources(images, ready.signature.modalities)
        results = check_names(groups, probabilities)
        files = [file for group in groups for file in group.files]
        check_outputs((output / name for name in results), inputs=[model, *files], overwrite=overwrite)
        broken += label_all(ready, groups, output)
    if broken:
        raise UnetkitError(*merge_alike(broken))


def sources(paths: list[Path], modalities: tuple[str, ...]) -> tuple[list[FileGroup], list[Fault]]:
    """Returns the images among files and folders, each with its files, and what is wrong with the other files."""
    from unetkit.data.files.grouping import FileGroup, image_groups
    from unetkit.imagefiles import find_images

    if modalities:
        return image_groups(paths, modalities)
    return [FileGroup("", (file,)) for file in find_images(paths)], []


def label_all(labeller: Labeller, groups: list[FileGroup], output: Path) -> list[Fault]:
    """Labels the images that can be, prints the path of each result, and returns what was wrong with the others."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    shown = console(to_errors=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn(compact=True))
    broken: list[Fault] = []
    told: set[str] = set()
    for group in groups:
        bar = Progress(
            TextColumn("  {task.description}", markup=False), *columns, console=shown, disable=not shown.is_terminal
        )
        with bar, warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always")
            task = bar.add_task(visible(group.files[0].name), total=None, speed="")

            def advance(done: int, total: int, bar: Progress = bar, task: object = task) -> None:
                seconds = bar.tasks[0].elapsed or 1e-9
                bar.update(bar.tasks[0].id, completed=done, total=total, speed=f"{done / seconds / 1e6:.2f} MPixel/s")

            try:
                written: Path | None = labeller.label(group, output, advance)
            except UnetkitError as error:
                written = None
                broken += error.faults
        for message in dict.fromkeys(str(one.message) for one in noted):
            if message not in told:
                told.add(message)
                print_note(message)
        if written is not None:
            say(written)
    return broken


def print_note(message: str) -> None:
    """Prints a warning on standard error."""
    say(f"warning: {message}", to_errors=True)


def check_names(groups: list[FileGroup], probabilities: bool) -> list[str]:
    """Returns the names of the results; raises FileError where two images would be written to one file."""
    from unetkit.data.files.grouping import name_of_result

    first: dict[str, Path] = {}
    twice = []
    for group in groups:
        file = group.files[0]
        try:
            name = name_of_result(group, probabilities=probabilities)
        except FileError:
            continue  # told when its turn comes
        if first.setdefault(name, file) != file:
            twice.append((first[name], file, name))
    if twice:
        message = "{} and {} would both become {}"
        raise FileError(*(Fault("twice", message.format(*one), cure="Rename one.") for one in twice))
    return list(first)


def parse_tile(text: str) -> int | str:
    """Returns what stands for a tile; raises BadParameter where it is neither auto nor a number."""
    if text == "auto":
        return text
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise typer.BadParameter(f"{text!r} is no tile: write auto, or a number of samples as in 512.")
    return int(text)


def parse_axes(text: str) -> str:
    """Returns letters of axes; raises BadParameter where the text is none."""
    from unetkit.data.files.folders import check_axes

    try:
        return check_axes(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error


def parse_bytes(text: str) -> int:
    """Returns a number of bytes; raises BadParameter where the text is none.

    >>> parse_bytes("4GB"), parse_bytes("1.5 MiB"), parse_bytes("500")
    (4000000000, 1572864, 500)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?b?", text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no amount of memory: write it as in 4GB, 500MB or 2GiB.")
    return int(float(found[1]) * UNITS[found[2] or ""])
