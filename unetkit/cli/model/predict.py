"""unetkit predict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unetkit.cli.arguments import Overwrite
from unetkit.cli.output import console, say
from unetkit.quoting import visible

if TYPE_CHECKING:
    from unetkit.trained import PredictListener

_Model = Annotated[
    Path,
    typer.Argument(
        help="A model file of `unetkit train`, or an ONNX or OpenVINO model of `unetkit export`.", show_default=False
    ),
]
_Files = Annotated[
    list[Path],
    typer.Argument(help="Image files or folders; docs/images.md lists the formats.", show_default=False),
]
_Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the results.", show_default=False)
]
_TileText = Annotated[
    str,
    typer.Option(
        "--tile",
        metavar="auto|stream|N",
        help="Approximate samples per axis of a tile; stream: strips of rows; auto: chosen by the available memory.",
    ),
]
_MemoryText = Annotated[
    str | None,
    typer.Option(help="Memory limit of the process, as in 4GB.", show_default=False),
]
_Device = Annotated[str | None, typer.Option(help="The device, as in cuda:0. [default: cuda if available, else cpu]")]
_Backend = Annotated[
    Literal["auto", "torch", "compile", "onnxruntime", "openvino"],
    typer.Option(help="What runs a network with --fast; auto: the quickest here, by a short timing that is kept."),
]
Number = Annotated[
    Literal["fp32", "bf16", "fp16", "int8"],
    typer.Option(
        "--dtype",
        help="The number type of the computation. With --fast only where it is quicker here; int8 needs --fast.",
    ),
]
_Fast = Annotated[
    bool,
    typer.Option(
        "--fast",
        help="Optimise the network first: the same output up to rounding, about twice as fast. The first time, "
        "backends are timed, each for up to a minute.",
    ),
]
_Probabilities = Annotated[bool, typer.Option("--probabilities", help="Write probabilities instead of class numbers.")]
_Exact = Annotated[
    bool,
    typer.Option(
        "--exact", help="Refuse tiles that differ from the result for the whole image, instead of blending them."
    ),
]
_AxesText = Annotated[
    str | None,
    typer.Option(
        "--axes",
        metavar="LETTERS",
        help="The axes of files that do not define them, as in TZYX. [default: as in training]",
        show_default=False,
    ),
]
_VectorTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--vector",
        metavar="NAME=VALUE",
        help="A vector beside the images: numbers, a category, or a table with a row for each image. Repeatable.",
        show_default=False,
    ),
]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def predict(  # noqa: PLR0913 - one parameter per option
    model: _Model,
    images: _Files,
    output: _Folder,
    tile: _TileText = "auto",
    memory: _MemoryText = None,
    device: _Device = None,
    dtype: Number = "fp32",
    fast: _Fast = False,
    backend: _Backend = "auto",
    probabilities: _Probabilities = False,
    exact: _Exact = False,
    axes: _AxesText = None,
    vector: _VectorTexts = None,
    overwrite: Overwrite = False,
) -> None:
    """Segment images of any size with a trained network.

    Results are files of the same format, with a class number for each pixel. Those of several outputs are in folders
    named after the outputs.
    """
    size, limit = _parse_tile(tile), None if memory is None else _parse_bytes(memory)
    letters = None if axes is None else _parse_axes(axes)

    from unetkit.trained import PredictOptions, predict_files

    options = PredictOptions(
        size, limit, device, dtype, fast, probabilities, exact, letters, _parse_vectors(vector or []), backend
    )
    predict_files(model, images, output, options, overwrite=overwrite, listener=_progress())


def _progress() -> PredictListener:
    """Prints a progress bar for each image, each warning once, and the paths of the results."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from unetkit.trained import PredictListener

    stderr = console(to_errors=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn(compact=True))

    class ProgressBars(PredictListener):
        def __init__(self) -> None:
            self.printed: set[str] = set()

        def chosen(self, reason: str) -> None:
            if reason:
                say(reason, to_errors=True)

        def started(self, file: Path) -> None:
            name = TextColumn("  {task.description}", markup=False)
            self.bar = Progress(name, *columns, console=stderr, disable=not stderr.file.isatty())
            self.name = visible(file.name)
            self.task = self.bar.add_task(visible(file.name), total=None, speed="")
            self.bar.start()

        def cut(self, way: str) -> None:
            say(f"{self.name}: {way}", to_errors=True)

        def advanced(self, done: int, total: int) -> None:
            seconds = self.bar.tasks[0].elapsed or 1e-9
            self.bar.update(self.task, completed=done, total=total, speed=f"{done / seconds / 1e6:.2f} MPixel/s")

        def ended(self, path: Path | None, messages: Sequence[str]) -> None:
            self.bar.stop()
            for message in [one for one in messages if one not in self.printed]:
                self.printed.add(message)
                say(f"warning: {message}", to_errors=True)
            if path is not None:
                say(path)

    return ProgressBars()


def _parse_tile(text: str) -> int | str:
    if text in ("auto", "stream"):
        return text
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise typer.BadParameter(
            f"{text!r} is not a tile size: write auto, stream, or a number of samples such as 512."
        )
    return int(text)


def _parse_axes(text: str) -> str:
    from unetkit.data.files.folders import check_axes

    try:
        return check_axes(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error


def _parse_vectors(texts: list[str]) -> dict[str, Any]:
    from unetkit.trained.vectors import parse_vectors

    try:
        return dict(parse_vectors(texts))
    except ValueError as error:
        raise typer.BadParameter(f"{error}: write it as in time=0.5 or time=images.csv.") from error


def _parse_bytes(text: str) -> int:
    """Parses an amount of memory in bytes.

    >>> _parse_bytes("4GB"), _parse_bytes("1.5 MiB"), _parse_bytes("500")
    (4000000000, 1572864, 500)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?b?", text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not an amount of memory: write 4GB, 500MB or 2GiB.")
    return int(float(found[1]) * _UNITS[found[2] or ""])
