"""Scores: one row per image and class, and what follows from the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from unetkit.quoting import table_text
from unetkit.scoring.interval import confidence_interval
from unetkit.scoring.metrics import METRICS, Case, Counts


class ScoreRow(NamedTuple):
    """One class in one image: pixels counted, and a value per metric, NaN where it is not defined."""

    image: str
    class_name: str
    counts: Counts
    values: dict[str, float]

    def plain(self) -> dict[str, Any]:
        """Returns the row as JSON has it: None for NaN."""
        known = {name: value if isfinite(value) else None for name, value in self.values.items()}
        return {"image": self.image, "class": self.class_name, **known}


class Summary(NamedTuple):
    """A metric of one class: the mean over the `images` that have a value, and its confidence interval."""

    class_name: str
    metric: str
    mean: float
    low: float
    high: float
    images: int


def number(value: Any) -> float:
    """Returns a number; NaN for what is none."""
    return float(value) if isinstance(value, int | float) else nan


@dataclass(frozen=True)
class Scores:
    """Metrics per image and class, in the order of images and classes.

    A class that neither occurs in an image nor is predicted there has no value: NaN in every metric. Predicted only, or
    in the reference only, it has Dice, IoU and NSD 0 and HD95 the diagonal of the image; precision is NaN where nothing
    is predicted, recall where nothing is there.
    """

    classes: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[ScoreRow, ...]

    @classmethod
    def of(cls, classes: tuple[str, ...], metrics: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> Self:
        """Returns scores from rows as `plain` gives them: what has no value, and images without a class, are NaN.

        Pixels are not kept in such rows, so `pooled` knows nothing.
        """
        found = {(str(row["image"]), str(row["class"])): row for row in rows}
        images = dict.fromkeys(image for image, _ in found)
        nothing: dict[str, Any] = {}
        return cls(
            classes,
            metrics,
            tuple(
                ScoreRow(
                    image,
                    name,
                    Counts(0, 0, 0),
                    {each: number(found.get((image, name), nothing).get(each)) for each in metrics},
                )
                for image in images
                for name in classes
            ),
        )

    @property
    def images(self) -> tuple[str, ...]:
        """The names of the images."""
        return tuple(row.image for row in self.rows[:: len(self.classes)])

    def table(self, metric: str) -> NDArray[np.float64]:
        """Returns the values of a metric (images, classes)."""
        return np.array([row.values[metric] for row in self.rows]).reshape(-1, len(self.classes))

    def mean(self, metric: str = "dice") -> float:
        """Returns the mean over the classes of their means over images."""
        means = [known.mean() for known in self.known(metric) if len(known)]
        return float(np.mean(means)) if means else nan

    def known(self, metric: str) -> list[NDArray[np.float64]]:
        """Returns per class the values of a metric for the images that have one."""
        return [column[np.isfinite(column)] for column in self.table(metric).T]

    def pooled(self, metric: str = "dice") -> tuple[float, ...]:
        """Returns a metric of overlap per class over all pixels of all images together; NaN for a class without any."""
        totals = np.array([row.counts for row in self.rows], np.int64).reshape(-1, len(self.classes), 3).sum(0)
        nothing = np.zeros((0,), bool)
        return tuple(
            METRICS[metric].measure(Case(Counts(*map(int, total)), nothing, nothing, (1.0,), 0.0)) for total in totals
        )

    def majority(self) -> tuple[str, Self]:
        """Returns the class with the most true pixels, and what calling every pixel so would score by overlap."""
        true = np.array([row.counts.both + row.counts.true_only for row in self.rows], np.int64)
        true = true.reshape(-1, len(self.classes))
        most = int(true.sum(0).argmax())
        metrics = tuple(name for name in self.metrics if not METRICS[name].distance)
        nothing = np.zeros((0,), bool)
        rows = []
        for image, pixels in zip(self.images, true.tolist(), strict=True):
            for index, name in enumerate(self.classes):
                own = pixels[index]
                counts = Counts(own, sum(pixels) - own, 0) if index == most else Counts(0, 0, own)
                case = Case(counts, nothing, nothing, (1.0,), 0.0)
                rows.append(ScoreRow(image, name, counts, {each: METRICS[each].measure(case) for each in metrics}))
        return self.classes[most], type(self)(self.classes, metrics, tuple(rows))

    def worst(self, count: int, metric: str) -> list[int]:
        """Returns the numbers of the images with the worst mean over classes, the worst first."""
        table = self.table(metric)
        known = np.isfinite(table)
        means = np.where(known, table, 0).sum(1) / np.maximum(known.sum(1), 1)
        rank = means if METRICS[metric].higher_is_better else -means
        order = np.argsort(np.where(known.any(1), rank, np.inf), kind="stable")
        return [int(index) for index in order[:count] if known[index].any()]

    def summary(self, metrics: tuple[str, ...] = (), *, seed: int = 0, confidence: float = 0.95) -> list[Summary]:
        """Returns mean and interval per class and metric (none named: all) over images, by a seeded bootstrap."""
        found = []
        for metric in metrics or self.metrics:
            for name, known in zip(self.classes, self.known(metric), strict=True):
                mean = float(known.mean()) if len(known) else nan
                found.append(Summary(name, metric, mean, *confidence_interval(known, confidence, seed), len(known)))
        return found

    def plain(self) -> list[dict[str, Any]]:
        """Returns the rows as JSON has them."""
        return [row.plain() for row in self.rows]

    def csv(self) -> str:
        """Returns the rows as CSV, an empty field for NaN."""
        values = ([row.values[name] for name in self.metrics] for row in self.rows)
        known = ([None if np.isnan(value) else float(value) for value in each] for each in values)
        rows = ([row.image, row.class_name, *each] for row, each in zip(self.rows, known, strict=True))
        return table_text([["image", "class", *self.metrics], *rows])
