"""unetkit evaluate."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from unetkit.cli.arguments import AsJson, OptionValue, Overwrite, shown_at

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.data import Pair, Pairs
    from unetkit.scoring import Scores
    from unetkit.trained import Trained

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
    from unetkit.cli.output import print_json, print_rich, say
    from unetkit.data import open_data
    from unetkit.data.preprocessing.data_for_network import data_like, other_channels
    from unetkit.model import plan_of
    from unetkit.overwriting import check_outputs
    from unetkit.scoring import METRICS, Measurement, label, score
    from unetkit.scoring.metrics import check_metrics
    from unetkit.scoring.scoring import check_classes
    from unetkit.scoring.spacing import Spacings
    from unetkit.trained import Trained
    from unetkit.writing import write_whole

    trained = Trained.load(model)
    plan = plan_of(trained.model)
    names = tuple(metric or (name for name in METRICS if plan.dims > 1 or not METRICS[name].distance))
    check_metrics(names, plan.dims)
    distances = None if spacing is None else parse_spacing(spacing, plan.dims)
    with shown_at(OptionValue("--ignore", None if ignore is None else str(ignore), "ignore")):
        asked = data_like(data, trained.signature, plan.dims, ignore=ignore)
    say(*asked.taken, to_errors=True)
    check_outputs(written(output, worst), inputs=[model, *asked.files()], overwrite=overwrite)
    if told := other_channels(asked, trained.signature):
        say(f"warning: {told}", to_errors=True)
    pairs = open_data(asked).part(split, data)
    check_classes(plan, pairs.classes, trained.classes)
    classes = trained.classes if len(trained.classes) == len(pairs.classes) else pairs.classes
    labelled = label(trained.model, tracked(pairs), trained.preprocessing)
    spacings = Spacings(distances)
    measures = any(METRICS[name].distance for name in names)
    cases = ((pair.name, labels, pair.labels, spacings.of(pair) if measures else None) for pair, labels in labelled)
    scores = score(cases, classes, metrics=names, tolerance=tolerance)
    measured = Measurement(scores, tolerance, confidence, seed, spacings.unit)
    report = {"name": plan.spec.name, "digest": plan.digest, "data": data, "split": split} | measured.plain()
    if as_json:
        print_json(report | {"rows": scores.plain()})
    else:
        print_rich(summary_table(report), footnote(len(pairs), confidence, spacings.unit if measures else ""))
    if output is not None:
        write_whole(output / "scores.csv", scores.csv().encode())
        write_whole(output / "summary.json", (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
        if worst:
            write_worst(output / "worst.png", trained, pairs, scores, worst)


def footnote(images: int, confidence: float, unit: str) -> str:
    """Returns what stands below the scores.

    >>> footnote(3, 0.95, "mm")
    '3 images; in brackets 95% confidence; distances in mm'
    """
    return f"{images} image{'s' * (images != 1)}; in brackets {confidence:.0%} confidence" + (
        f"; distances in {unit}" if unit else ""
    )


def written(folder: Path | None, worst: int) -> list[Path]:
    """Returns the files that are written to a folder; none without one."""
    names = ("scores.csv", "summary.json", *["worst.png"] * bool(worst))
    return [folder / name for name in names] if folder else []


def write_worst(file: Path, trained: Trained, pairs: Pairs, scores: Scores, count: int) -> None:
    """Writes a sheet of the worst images; none where no image has a score."""
    from unetkit.data.labels.colours import COLOURS
    from unetkit.data.overview.images import write_image
    from unetkit.model import plan_of
    from unetkit.scoring.figure import figure
    from unetkit.scoring.metrics import METRICS
    from unetkit.scoring.worst import worst_examples

    rows = worst_examples(trained.model, pairs, trained.preprocessing, scores, count)
    if rows:
        title = METRICS[scores.metrics[0]].title
        subtitle = f"the {len(rows)} worst of {len(scores.images)} images by {title}, the worst first"
        name = plan_of(trained.model).spec.name
        write_image(figure(rows, scores.classes, name, subtitle, trained.colours or pairs.colours or COLOURS), file)


def tracked(pairs: Pairs) -> Iterable[Pair]:
    """Returns the pairs; how many were taken is shown on standard error, where that is a terminal."""
    from rich.progress import track

    from unetkit.cli.output import console

    shown = console(to_errors=True)
    return track(pairs, "  labelled", console=shown, transient=True, disable=not shown.is_terminal)


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
