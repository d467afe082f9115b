"""unetkit evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unetkit.cli.arguments import AsJson, OptionValue, Overwrite, shown_at
from unetkit.wording import plural

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.trained import EvaluateListener, Evaluation

_Model = Annotated[Path, typer.Argument(help="A model file of `unetkit train`.", show_default=False)]
Data = Annotated[
    str,
    typer.Argument(
        help="A data file (YAML), a folder with images/ and masks/ of the same file names, or mni.",
        show_default=False,
    ),
]
_Folder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="The folder for scores.csv, summary.json and worst.png.",
        show_default=False,
    ),
]
Split = Annotated[Literal["test", "validation", "train"], typer.Option(help="The part of the data.")]
_MetricNames = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="A metric. Can be repeated. [default: dice, iou, precision, recall, nsd, hd95]",
        show_default=False,
    ),
]
_Tolerance = Annotated[float, typer.Option(min=0, help="Tolerated distance of NSD, in the unit of the spacing.")]
_SpacingText = Annotated[
    str | None,
    typer.Option(
        "--spacing",
        metavar="S",
        help="Distance between samples, as in 1x1x2.5. [default: that of the files, or 1]",
        show_default=False,
    ),
]
_Worst = Annotated[int, typer.Option(min=0, help="Number of the worst images in worst.png.")]
_Confidence = Annotated[float, typer.Option(min=0.5, max=0.999, help="Level of the confidence intervals.")]
_Number = Annotated[
    Literal["fp32", "bf16", "fp16", "int8"],
    typer.Option(
        "--dtype",
        help="Compare scores and time in this number type with those in fp32; int8 is calibrated on training images.",
    ),
]
_Backend = Annotated[
    Literal["auto", "torch", "compile", "onnxruntime", "openvino"],
    typer.Option(help="What runs the network in that number type; auto: the quickest here."),
]


def evaluate(  # noqa: PLR0913 - one parameter per option
    model: _Model,
    data: Data,
    output: _Folder = None,
    split: Split = "test",
    metric: _MetricNames = None,
    tolerance: _Tolerance = 1.0,
    spacing: _SpacingText = None,
    worst: _Worst = 6,
    confidence: _Confidence = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    ignore: Annotated[int | None, typer.Option(help="The class of pixels to ignore.", show_default=False)] = None,
    dtype: _Number = "fp32",
    backend: _Backend = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a trained network on images with known labels, per image and class.

    Shows means over images with confidence intervals. Writes all scores, a summary and the worst images to DIR.
    """
    from unetkit.model.file import read_plan
    from unetkit.trained import EvaluateOptions
    from unetkit.trained import evaluate as evaluate_model

    distances = None if spacing is None else _parse_spacing(spacing, read_plan(model).dims)
    metrics = tuple(metric) if metric else None
    options = EvaluateOptions(split, metrics, tolerance, distances, worst, confidence, seed, ignore, dtype, backend)
    ignored = OptionValue("--ignore", None if ignore is None else str(ignore), "ignore")
    with shown_at(ignored), _progress(as_json=as_json) as listener:
        evaluate_model(model, data, options, output=output, overwrite=overwrite, listener=listener)


@contextmanager
def _progress(*, as_json: bool) -> Iterator[EvaluateListener]:
    """Shows a progress bar on standard error if that is a terminal, and prints the scores."""
    from rich.progress import Progress

    from unetkit.cli.output import console, print_json, say
    from unetkit.trained import EvaluateListener

    stderr = console(to_errors=True)
    with Progress(console=stderr, transient=True, disable=not stderr.file.isatty()) as bar:
        task = bar.add_task("  images", total=None)

        class Printer(EvaluateListener):
            def note(self, line: str) -> None:
                say(line, to_errors=True)

            def advanced(self, done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            def scored(self, evaluation: Evaluation) -> None:
                bar.stop()
                print_json(evaluation.json()) if as_json else _print_summary(evaluation.summary)

        yield Printer()


def _print_summary(report: dict[str, Any]) -> None:
    from unetkit.cli.output import print_rich

    units = {one["unit"] for one in report["metrics"].values() if "unit" in one}
    others = [_output_line(name, values["mean"]) for name, values in report.get("outputs", {}).items()]
    if numbers := report.get("numbers"):
        others += [f"{numbers['dtype']}: {_changes(numbers)}", f"  {numbers['chosen']}"]
    print_rich(_summary_table(report), *others, _footnote(report["images"], report["confidence"], *units))


def _output_line(name: str, means: dict[str, float | None]) -> str:
    """The scores of a further output.

    >>> _output_line("distance", {"mae": 0.0612, "rmse": None})
    'distance: mae 0.061, rmse -'
    """
    return f"{name}: " + ", ".join(f"{key} {'-' if value is None else f'{value:.3f}'}" for key, value in means.items())


def _changes(numbers: dict[str, Any]) -> str:
    """The scores in another number type, with their change, and the time.

    >>> _changes({"mean": {"dice": 0.91, "iou": None}, "change": {"dice": -0.002, "iou": None}, "time": 0.4})
    'dice 0.910 (-0.002), iou -; 0.40 times as long as fp32 unoptimised'
    """
    words = [
        f"{name} -" if value is None else f"{name} {value:.3f} ({numbers['change'][name] or 0.0:+.3f})"
        for name, value in numbers["mean"].items()
    ]
    return f"{', '.join(words)}; {numbers['time']:.2f} times as long as fp32 unoptimised"


def _footnote(images: int, confidence: float, unit: str = "") -> str:
    """The line below the scores.

    >>> _footnote(3, 0.95, "mm")
    '3 images; 95% confidence intervals in brackets; distances in mm'
    """
    distances = f"; distances in {unit}" if unit else ""
    return f"{plural(images, 'image')}; {confidence:.0%} confidence intervals in brackets{distances}"


def _parse_spacing(text: str, dims: int) -> tuple[float, ...]:
    """Parses distances between samples, one for each axis.

    >>> _parse_spacing("0.5", 2), _parse_spacing("1x1x2.5", 3)
    ((0.5, 0.5), (1.0, 1.0, 2.5))
    """
    parts = text.lower().replace("×", "x").split("x")
    if not all(re.fullmatch(r"\d{1,6}(\.\d{1,9})?", part, re.ASCII) and float(part) > 0 for part in parts):
        raise typer.BadParameter(f"{text!r} is not a spacing: write 0.5, or 1x1x2.5.")
    numbers = tuple(map(float, parts)) * (dims if len(parts) == 1 else 1)
    if len(numbers) != dims:
        raise typer.BadParameter(f"{text!r} has {len(numbers)} entries, the images have {dims} axes.")
    return numbers


def _summary_table(report: dict[str, Any]) -> Table:
    """The mean of each metric and class, the means over classes, and those of predicting the most frequent class."""
    from unetkit.cli.output import table

    titles = [one["title"] for one in report["metrics"].values()]
    rows = table("class", *titles, right=titles)
    for name in report["classes"]:
        rows.add_row(name, *(_cell(line) for line in report["summary"] if line["class"] == name))
    rows.add_section()
    most = report["majority"]
    for title, means in (("mean of classes", report["mean"]), (f"all {most['class']}", most["mean"])):
        values = (means.get(name) for name in report["metrics"])
        rows.add_row(title, *("-" if mean is None else f"{mean:.3f}" for mean in values))
    return rows


def _cell(line: dict[str, Any]) -> str:
    """A mean with its interval; a dash if it is undefined.

    >>> _cell({"mean": 0.91234, "low": 0.9, "high": 0.92}), _cell({"mean": 1.0, "low": None, "high": None})
    ('0.912 [.900 .920]', '1.000')
    """
    if line["mean"] is None:
        return "-"
    if line["low"] is None:
        return f"{line['mean']:.3f}"
    low, high = (f"{line[end]:.3f}".removeprefix("0") for end in ("low", "high"))
    return f"{line['mean']:.3f} [{low} {high}]"
