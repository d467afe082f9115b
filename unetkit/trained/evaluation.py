"""Evaluation of a trained network on images with known labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from unetkit.data import Pair, Pairs, open_data
from unetkit.data.labels.classes import COLOURS
from unetkit.data.overview.pictures import write_image
from unetkit.data.preprocessing.data_for_network import data_like, other_channels
from unetkit.errors import Fault, UnetkitError
from unetkit.model import plan_of
from unetkit.overwriting import check_outputs
from unetkit.scoring import METRICS, Measurement, Scores
from unetkit.scoring.figure import figure, worst_examples
from unetkit.scoring.metrics import check_metrics
from unetkit.scoring.outputs import predicted_outputs, scorers, scores_file
from unetkit.scoring.scoring import check_classes
from unetkit.scoring.spacing import Spacings
from unetkit.trained.modelfile import Trained
from unetkit.trained.number_types import OtherNumbers, in_other_numbers
from unetkit.writing import write_whole

SCORES, SUMMARY, WORST = "scores.csv", "summary.json", "worst.png"


@dataclass(frozen=True)
class EvaluateOptions:
    """The images of a data set that are used, and what is measured on them."""

    split: Literal["test", "validation", "train"] = "test"
    metrics: tuple[str, ...] | None = None
    """Names of METRICS; None: all that apply to the number of axes."""
    tolerance: float = 1.0
    """Distance that NSD tolerates, in the unit of the spacing."""
    spacing: tuple[float, ...] | None = None
    """Distance between samples along each axis, in place of that of the files."""
    worst: int = 6
    """Number of images in worst.png."""
    confidence: float = 0.95
    seed: int = 0
    """Of the bootstrap of the confidence intervals."""
    ignore: int | None = None
    """The label of pixels that are ignored."""
    dtype: str = "fp32"
    """A number type whose scores are compared with those in float32."""
    backend: str = "auto"
    """What runs the network in that number type (see `unetkit.optimize`)."""


@dataclass(frozen=True)
class Evaluation:
    """The scores of a trained network on a data set."""

    trained: Trained
    data: str
    pairs: Pairs
    options: EvaluateOptions
    measurement: Measurement
    """The scores of the first output."""
    others: dict[str, Scores] = field(default_factory=dict)
    """The scores of the other outputs by name."""
    numbers: OtherNumbers | None = None
    """The first output's scores in another number type, where that was asked for."""

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Network, data, and the scores averaged over images with their confidence intervals, as plain values."""
        plan = plan_of(self.trained.model)
        head = {"name": plan.spec.name, "digest": plan.digest, "data": self.data, "split": self.options.split}
        outputs = {name: {"classes": list(one.classes), "mean": one.means} for name, one in self.others.items()}
        numbers = {} if self.numbers is None else {"numbers": self.numbers.json()}
        return head | self.measurement.json() | ({"outputs": outputs} if outputs else {}) | numbers

    def json(self) -> dict[str, Any]:
        """The summary, and a row of scores for each image and class."""
        values = self.summary | {"rows": self.measurement.scores.plain()}
        if self.others:
            rows = {name: self.summary["outputs"][name] | {"rows": one.plain()} for name, one in self.others.items()}
            values["outputs"] = rows
        return values

    def write(self, folder: Path) -> None:
        """Writes scores.csv, a file of scores for each further output, summary.json and worst.png into a folder."""
        write_whole(folder / SCORES, self.measurement.scores.csv().encode())
        for name, one in self.others.items():
            write_whole(folder / scores_file(name), one.csv().encode())
        write_whole(folder / SUMMARY, (json.dumps(self.summary, indent=1, ensure_ascii=False) + "\n").encode())
        trained, scores = self.trained, self.measurement.scores
        rows = []
        if predicts_classes(trained):
            rows = worst_examples(trained.model, self.pairs, trained.preprocessing, scores, self.options.worst)
        if rows:
            metric, count = METRICS[scores.metrics[0]].title, len(scores.images)
            subtitle = f"the {len(rows)} worst of {count} images by {metric}, worst first"
            colours = trained.colours or self.pairs.colours or COLOURS
            name = self.summary["name"]
            write_image(figure(rows, scores.classes, name, subtitle, colours), folder / WORST)


class EvaluateListener:
    """Receives the progress of `evaluate`. Override its methods."""

    def note(self, line: str) -> None:
        """A remark about the data."""

    def advanced(self, done: int, total: int) -> None:
        """A number of images is done."""

    def scored(self, evaluation: Evaluation) -> None:
        """All images are scored; the files are written next."""


def evaluate(
    model: str | PathLike[str],
    data: str,
    options: EvaluateOptions | None = None,
    *,
    output: Path | None = None,
    overwrite: bool = False,
    listener: EvaluateListener | None = None,
) -> Evaluation:
    """Scores a model file on a data file, a folder with images/ and masks/, or `mni`.

    With `output`, scores.csv, summary.json and worst.png are written to that folder. Raises UnetkitError where the
    model or the data cannot be read, where they do not fit each other, and where a file exists already.
    """
    options, listener = options or EvaluateOptions(), listener or EvaluateListener()
    if options.backend != "auto" and options.dtype == "fp32":
        message = f"the backend {options.backend} is for another number type"
        raise UnetkitError(Fault("dtype", message, cure="Name one, as in --dtype int8."))
    trained = Trained.load(model)
    plan = plan_of(trained.model)
    check_metrics(options.metrics or (), plan.dims)
    spec = data_like(data, trained.signature, plan.dims, ignore=options.ignore)
    for line in spec.inferred:
        listener.note(line)
    if output is not None:
        further = [output.name for output in trained.signature.outputs[1:]]
        names = (SCORES, *map(scores_file, further), SUMMARY, *[WORST] * bool(options.worst))
        inputs = [Path(model), *spec.files()]
        check_outputs((output / name for name in names), inputs=inputs, overwrite=overwrite)
    if difference := other_channels(spec, trained.signature):
        listener.note(f"warning: {difference}")
    splits = open_data(spec)
    pairs = splits.part(options.split, data)
    measurement, others = measure_outputs(trained, pairs, options, listener.advanced)
    numbers = None
    if options.dtype != "fp32":
        training = splits.part("train", data) if options.dtype == "int8" else None

        def scores(one: Trained) -> dict[str, float | None]:
            found = measurement if one is trained else measure(one, pairs, options, listener.advanced)
            return found.scores.means

        numbers = in_other_numbers(trained, options.dtype, options.backend, training, scores)
    result = Evaluation(trained, data, pairs, options, measurement, others, numbers)
    listener.scored(result)
    if output is not None:
        result.write(output)
    return result


def measure(
    trained: Trained,
    pairs: Pairs,
    options: EvaluateOptions | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Measurement:
    """The scores of the first output of a trained network on pairs of images and labels."""
    return measure_outputs(trained, pairs, options, advance)[0]


def measure_outputs(
    trained: Trained,
    pairs: Pairs,
    options: EvaluateOptions | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Measurement, dict[str, Scores]]:
    """The scores of a trained network on pairs of images and labels: of its first output, and of the others."""
    options = options or EvaluateOptions()
    plan = plan_of(trained.model).for_inference()
    if predicts_classes(trained):
        check_classes(plan, pairs.classes, trained.classes)
    classes = trained.classes if len(trained.classes) == len(pairs.classes) else pairs.classes
    metrics = options.metrics or tuple(name for name in METRICS if plan.dims > 1 or not METRICS[name].distance)
    with_distances = any(METRICS[name].distance for name in metrics)
    spacings = Spacings(options.spacing)
    found = scorers(plan, trained.signature.targets, classes, metrics=metrics, tolerance=options.tolerance)
    predicted = predicted_outputs(trained.model, _counted(pairs, advance), trained.preprocessing)
    for pair, outputs in predicted:
        spacing = spacings.of(pair) if with_distances else None
        for name, output in outputs.items():
            found[name].add(pair, output, spacing)
    first, *others = found
    scores = found[first].scores()
    measurement = Measurement(scores, options.tolerance, options.confidence, options.seed, spacings.unit)
    return measurement, {name: found[name].scores() for name in others}


def predicts_classes(trained: Trained) -> bool:
    """Whether the first output of a network predicts the class of each pixel."""
    outputs = trained.signature.outputs
    return not outputs or outputs[0].kind == "classes"


def _counted(pairs: Pairs, advance: Callable[[int, int], None]) -> Iterator[Pair]:
    """Yields the pairs, and reports progress after each."""
    known: Iterable[Pair] = pairs
    for number, pair in enumerate(known, 1):
        yield pair
        advance(number, len(pairs))
