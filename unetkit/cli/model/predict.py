"""unetkit predict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unetkit.cli.arguments import Overwrite
from unetkit.cli.output import console, say
from unetkit.quoting import visible

if TYPE_CHECKING:
    from unetkit.trained import PredictListener

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

    from unetkit.trained import PredictOptions, predict_files

    options = PredictOptions(asked_tile, asked_memory, device, dtype, probabilities, exact, asked_axes)
    predict_files(model, images, output, options, overwrite=overwrite, listener=progress())


def progress() -> PredictListener:
    """Shows a progress bar for each image, prints warnings once, and the paths of the results."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from unetkit.trained import PredictListener

    stderr = console(to_errors=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn(compact=True))

    class ProgressBars(PredictListener):
        def __init__(self) -> None:
            self.printed: set[str] = set()

        def started(self, file: Path) -> None:
            name = TextColumn("  {task.description}", markup=False)
            self.bar = Progress(name, *columns, console=stderr, disable=not stderr.is_terminal)
            self.task = self.bar.add_task(visible(file.name), total=None, speed="")
            self.bar.start()

        def advanced(self, done: int, total: int) -> None:
            seconds = self.bar.tasks[0].elapsed or 1e-9
            self.bar.update(self.task, completed=done, total=total, speed=f"{done / seconds / 1e6:.2f} MPixel/s")

        def ended(self, path: Path | None, messages: Sequence[str]) -> None:
            self.bar.stop()
            for message in messages:
                if message not in self.printed:
                    self.printed.add(message)
                    say(f"warning: {message}", to_errors=True)
            if path is not None:
                say(path)

    return ProgressBars()


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
