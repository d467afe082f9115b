"""unetkit evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unetkit.cli.arguments import AsJson, OptionValue, Overwrite, shown_at

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.trained import EvaluateListener, Evaluation

Model = Annotated[Path, typer.Argument(help="A model file of `unetkit train`.", show_default=False)]
Data = Annotated[
    str,
    typer.Argument(
        help="A data file (YAML), a folder with images/ and masks/ of the same file names, or mni.",
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="Where scores.csv, summary.json and worst.png go.", show_default=False
    ),
]
Split = Annotated[Literal["test", "validation", "train"], typer.Option(help="Which images.")]
MetricNames = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="What to measure; can be repeated. [default: dice, iou, precision, recall, nsd, hd95]",
        show_default=False,
    ),
]
Tolerance = Annotated[float, typer.Option(min=0, help="The distance that NSD forgives, in the unit of the spacing.")]
SpacingText = Annotated[
    str | None,
    typer.Option(
        "--spacing",
        metavar="S",
        help="Distance between samples, as in 1x1x2.5. [default: what the files say, or 1]",
        show_default=False,
    ),
]
Worst = Annotated[int, typer.Option(min=0, help="How many of the worst images worst.png shows.")]
Confidence = Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")]


def evaluate(  # noqa: PLR0913 - one parameter per option
    model: Model,
    data: Data,
    output: Folder = None,
    split: Split = "test",
    metric: MetricNames = None,
    tolerance: Tolerance = 1.0,
    spacing: SpacingText = None,
    worst: Worst = 6,
    confidence: Confidence = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    ignore: Annotated[
        int | None, typer.Option(help="The class of pixels that count nowhere.", show_default=False)
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well a trained network labels images whose labels are known, per image and class.

    Means are over images, with confidence intervals. The rows, the summary and a sheet of the worst images go to DIR.
    """
    from unetkit.model.file import read_plan
    from unetkit.trained import EvaluateOptions
    from unetkit.trained import evaluate as evaluate_model

    distances = None if spacing is None else parse_spacing(spacing, read_plan(model).dims)
    metrics = tuple(metric) if metric else None
    options = EvaluateOptions(split, metrics, tolerance, distances, worst, confidence, seed, ignore)
    ignored = OptionValue("--ignore", None if ignore is None else str(ignore), "ignore")
    with shown_at(ignored), progress(as_json=as_json) as listener:
        evaluate_model(model, data, options, output=output, overwrite=overwrite, listener=listener)


@contextmanager
def progress(*, as_json: bool) -> Iterator[EvaluateListener]:
    """Shows a progress bar over images on standard error, if that is a terminal, and prints the scores."""
    from rich.progress import Progress

    from unetkit.cli.output import console, print_json, say
    from unetkit.trained import EvaluateListener

    stderr = console(to_errors=True)
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        task = bar.add_task("  images", total=None)

        class Printer(EvaluateListener):
            def note(self, line: str) -> None:
                say(line, to_errors=True)

            def advanced(self, done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            def scored(self, evaluation: Evaluation) -> None:
                bar.stop()
                print_json(evaluation.json()) if as_json else print_summary(evaluation.summary)

        yield Printer()


def print_summary(report: dict[str, Any]) -> None:
    """Prints the mean scores with their confidence intervals."""
    from unetkit.cli.output import print_rich

    units = {one["unit"] for one in report["metrics"].values() if "unit" in one}
    print_rich(summary_table(report), footnote(report["images"], report["confidence"], *units))


def footnote(images: int, confidence: float, unit: str = "") -> str:
    """Returns what stands below the scores.

    >>> footnote(3, 0.95, "mm")
    '3 images; in brackets 95% confidence; distances in mm'
    """
    return f"{images} image{'s' * (images != 1)}; in brackets {confidence:.0%} confidence" + (
        f"; distances in {unit}" if unit else ""
    )


def parse_spacing(text: str, dims: int) -> tuple[float, ...]:
    """Returns the distances between samples, one for each axis; raises BadParameter where the text is none.

    >>> parse_spacing("0.5", 2), parse_spacing("1x1x2.5", 3)
    ((0.5, 0.5), (1.0, 1.0, 2.5))
    """
    parts = text.lower().replace("×", "x").split("x")
    if not all(re.fullmatch(r"\d{1,6}(\.\d{1,9})?", part, re.ASCII) and float(part) > 0 for part in parts):
        raise typer.BadParameter(f"{text!r} is no spacing: write 0.5, or 1x1x2.5.")
    numbers = tuple(map(float, parts)) * (dims if len(parts) == 1 else 1)
    if len(numbers) != dims:
        raise typer.BadParameter(f"{text!r} has {len(numbers)} entries, the images have {dims} axes.")
    return numbers


def summary_table(report: dict[str, Any]) -> Table:
    """Returns classes below one another, metrics beside one another: each mean with its confidence interval.

    Below stand the means over classes, and those that the most frequent class everywhere would have.
    """
    from unetkit.cli.output import table

    titles = [one["title"] for one in report["metrics"].values()]
    made = table("class", *titles, right=titles)
    for name in report["classes"]:
        made.add_row(name, *(cell(line) for line in report["summary"] if line["class"] == name))
    made.add_section()
    most = report["majority"]
    for title, means in (("mean of classes", report["mean"]), (f"if all were {most['class']}", most["mean"])):
        known = (means.get(name) for name in report["metrics"])
        made.add_row(title, *("-" if mean is None else f"{mean:.3f}" for mean in known))
    return made


def cell(line: dict[str, Any]) -> str:
    """Returns a mean with its interval; a dash where there is none.

    >>> cell({"mean": 0.91234, "low": 0.9, "high": 0.92}), cell({"mean": 1.0, "low": None, "high": None})
    ('0.912 [.900 .920]', '1.000')
    """
    if line["mean"] is None:
        return "-"
    if line["low"] is None:
        return f"{line['mean']:.3f}"
    low, high = (f"{line[end]:.3f}".removeprefix("0") for end in ("low", "high"))
    return f"{line['mean']:.3f} [{low} {high}]"
