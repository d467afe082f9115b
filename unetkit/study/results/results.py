"""The results of a study as plain values: arms, runs, and scores in long form. No numpy, no torch."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any, Literal, NamedTuple

from unetkit.errors import Fault, UnetkitError

State = Literal["done", "failed", "missing", "unneeded"]
Curve = tuple[tuple[int, float], ...]  # (step, value)

KEYS = ("arm", "seed", "fraction", "image", "class")
"""The key columns of the score table; one column for each metric follows."""


class StudyError(UnetkitError):
    """The results of a study cannot be read, or are inconsistent."""


class ExamplePictures(NamedTuple):
    """Pictures (PNG files) of one test image: the image, its true labels, and what a run predicted."""

    image: str
    picture: Path
    truth: Path
    prediction: Path


@dataclass(frozen=True)
class ArmFacts:
    """One variant of a study.

    `also` has its other names in the study, `differences` the settings that differ from the base (path, value). `spec`
    returns the plain values of its spec, on demand because few arms are drawn. `input_size` is the spatial size to
    which `macs` refers. `skipped` is the reason why it cannot be built; then its costs are None.
    """

    name: str
    also: tuple[str, ...] = ()
    differences: tuple[tuple[str, str], ...] = ()
    spec: Callable[[], Mapping[str, Any]] | None = field(default=None, repr=False, compare=False)
    input_size: tuple[int, ...] = ()
    parameters: int | None = None
    macs: int | None = None
    receptive_field: tuple[int | None, ...] = ()
    skipped: str = ""


@dataclass(frozen=True)
class RunFacts:
    """One run: an arm with a seed and a fraction of the training images.

    `reason` is that of a failure. The state `missing` is that of a run that has not ended or not started, `unneeded`
    that of a run that is never started because its comparison is decided. `loss` and
    `validation` are its learning curves, `seconds` its training time.
    """

    id: str
    arm: str
    seed: int
    fraction: float = 1.0
    state: State = "done"
    reason: str = ""
    seconds: float | None = None
    steps: int | None = None
    loss: Curve = ()
    validation: Curve = ()
    examples: tuple[ExamplePictures, ...] = ()


@dataclass(frozen=True)
class ScoreTable:
    """The score table by column, with one row for each run, image and class. NaN where a metric has no value."""

    arm: Sequence[str]
    seed: Sequence[int]
    fraction: Sequence[float]
    image: Sequence[str]
    label: Sequence[str]
    """The column `class`."""
    metrics: Mapping[str, array[float]]

    def __len__(self) -> int:
        return len(self.arm)

    @classmethod
    def gather(cls, scored: Iterable[tuple[RunFacts, Sequence[Mapping[str, Any]]]]) -> ScoreTable:
        """Builds the table from runs and their rows: `{"image": …, "class": …, "dice": …, …}`.

        A metric that is None, or missing in a row, is NaN.
        """
        found: tuple[list[str], list[int], list[float], list[str], list[str]] = ([], [], [], [], [])
        arm, seed, fraction, image, label = found
        metrics: dict[str, array[float]] = {}
        for run, rows in scored:
            start = len(arm)
            arm += [run.arm] * len(rows)
            seed += [run.seed] * len(rows)
            fraction += [run.fraction] * len(rows)
            image += [row["image"] for row in rows]
            label += [row["class"] for row in rows]
            for name in dict.fromkeys(name for row in rows for name in row if name not in ("image", "class")):
                values = metrics.setdefault(name, array("d"))
                values.extend([nan] * (start - len(values)))
                values.extend(nan if (value := row.get(name)) is None else value for row in rows)
        for values in metrics.values():
            values.extend([nan] * (len(arm) - len(values)))
        return cls(arm, seed, fraction, image, label, metrics)


@dataclass(frozen=True)
class Factors:
    """The factors of a study: the levels of each, those of each arm in the same order, and aliased interactions.

    `data` are the factors that stand for data sets.
    """

    levels: Mapping[str, tuple[str, ...]]
    arms: Mapping[str, tuple[str, ...]]
    aliases: tuple[tuple[tuple[str, str], ...], ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Results:
    """Everything that the report of a study shows.

    `metric` is the primary metric, `base` the arm with which the others are compared, `margin` the difference below
    which arms count as equal (None: the usual one of the metric). `group` is the pattern of images that belong
    together. A study that decides while it runs has `looks`, numbers of seeds, and an `error` that it may make.
    `settings` has YAML texts by title, `versions` those of the packages and the machine, `colours` those of the classes
    in the pictures.
    """

    name: str
    metric: str
    base: str
    arms: tuple[ArmFacts, ...]
    runs: tuple[RunFacts, ...]
    scores: ScoreTable
    description: str = ""
    margin: float | None = None
    group: str = ""
    looks: tuple[int, ...] = ()
    error: float = 0.05
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    factors: Factors | None = None

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        unknown = {*(run.arm for run in self.runs), *self.scores.arm, self.base} - set(names)
        if unknown:
            message = f"no arm is called {', '.join(sorted(unknown))}"
            raise StudyError(Fault("study-arm", message, self.name, f"Known: {', '.join(names)}."))
        self.check_metric(self.metric)

    def check_metric(self, metric: str) -> None:
        """Raises StudyError for a metric that no run has."""
        if len(self.scores) and metric not in self.scores.metrics:
            message = f"no run has the metric {metric}"
            raise StudyError(Fault("study-metric", message, self.name, f"Known: {', '.join(self.scores.metrics)}."))

    def arm(self, name: str) -> ArmFacts:
        """The arm with a name."""
        return next(arm for arm in self.arms if arm.name == name)
