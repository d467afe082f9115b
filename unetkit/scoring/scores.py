"""Scores: one row for each image and class, and their averages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from unetkit.page import Column, notebook_cell, plain_table
from unetkit.quoting import table_text
from unetkit.scoring.metrics import METRICS, Counts

_RESAMPLES = 9999


class ScoreRow(NamedTuple):
    """One class in one image: pixel counts, and a value for each metric, NaN where it is undefined."""

    image: str
    class_name: str
    counts: Counts
    values: dict[str, float]


class Summary(NamedTuple):
    """A metric of one class: the mean over the `images` that have a value, and its confidence interval."""

    class_name: str
    metric: str
    mean: float
    low: float
    high: float
    images: int


@dataclass(frozen=True)
class Scores:
    """Metrics per image and class, in the order of images and classes.

    A class that neither occurs in an image nor is predicted there has no value: NaN in every metric. If it is only
    predicted or only in the reference, Dice, IoU and NSD are 0, and HD95 is the diagonal of the image. Precision is NaN
    where nothing is predicted, recall where the reference is empty.
    """

    classes: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[ScoreRow, ...]

    @classmethod
    def of(cls, classes: tuple[str, ...], metrics: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> Self:
        """The scores in rows as `plain` returns them; missing values and classes are NaN.

        Such rows have no pixel counts, so `pooled` is undefined.
        """
        by_key = {(str(row["image"]), str(row["class"])): row for row in rows}

        def row(image: str, name: str) -> ScoreRow:
            found: Mapping[str, Any] = by_key.get((image, name), {})
            values = {each: found.get(each) for each in metrics}
            known = {key: float(value) if isinstance(value, int | float) else nan for key, value in values.items()}
            return ScoreRow(image, name, Counts(0, 0, 0), known)

        images = dict.fromkeys(image for image, _ in by_key)
        return cls(classes, metrics, tuple(row(image, name) for image in images for name in classes))

    @property
    def images(self) -> tuple[str, ...]:
        """The names of the images."""
        return tuple(row.image for row in self.rows[:: len(self.classes) or 1])

    def table(self, metric: str) -> NDArray[np.float64]:
        """The values of a metric (images, classes)."""
        return np.array([row.values[metric] for row in self.rows]).reshape(-1, max(1, len(self.classes)))

    def mean(self, metric: str = "dice") -> float:
        """The mean over images, then classes."""
        means = [known.mean() for known in self._known(metric) if len(known)]
        return float(np.mean(means)) if means else nan

    @property
    def means(self) -> dict[str, float | None]:
        """The mean of each metric over images, then classes; None where it is undefined."""
        return {name: mean if isfinite(mean := self.mean(name)) else None for name in self.metrics}

    def _known(self, metric: str) -> list[NDArray[np.float64]]:
        """The values of a metric for each class, without NaN."""
        return [column[np.isfinite(column)] for column in self.table(metric).T]

    @property
    def _counts(self) -> NDArray[np.int64]:
        """The pixel counts (images, classes, 3)."""
        return np.array([row.counts for row in self.rows], np.int64).reshape(-1, len(self.classes), 3)

    def pooled(self, metric: str = "dice") -> tuple[float, ...]:
        """An overlap metric for each class over the pixels of all images; NaN for a class without pixels."""
        return tuple(METRICS[metric].of_counts(Counts(*total)) for total in self._counts.sum(0).tolist())

    def majority(self) -> tuple[str, Self]:
        """The class with the most true pixels, and the overlap scores of predicting it everywhere."""
        true = self._counts[:, :, 0] + self._counts[:, :, 2]
        most = int(true.sum(0).argmax())
        metrics = tuple(name for name in self.metrics if not METRICS[name].distance)
        rows = []
        for image, pixels in zip(self.images, true.tolist(), strict=True):
            for index, (name, own) in enumerate(zip(self.classes, pixels, strict=True)):
                counts = Counts(own, sum(pixels) - own, 0) if index == most else Counts(0, 0, own)
                rows.append(ScoreRow(image, name, counts, {each: METRICS[each].of_counts(counts) for each in metrics}))
        return self.classes[most], type(self)(self.classes, metrics, tuple(rows))

    def worst(self, count: int, metric: str) -> list[int]:
        """The indices of the images with the worst mean over classes, worst first."""
        table = self.table(metric)
        known = np.isfinite(table)
        means = np.where(known, table, 0).sum(1) / np.maximum(known.sum(1), 1)
        rank = means if METRICS[metric].higher_is_better else -means
        order = np.argsort(np.where(known.any(1), rank, np.inf), kind="stable")
        return [int(index) for index in order[:count] if known[index].any()]

    def summary(self, metrics: tuple[str, ...] = (), *, seed: int = 0, confidence: float = 0.95) -> list[Summary]:
        """Mean and confidence interval over images for each class and metric (by default all)."""
        summaries = []
        for metric in metrics or self.metrics:
            for name, known in zip(self.classes, self._known(metric), strict=True):
                mean = float(known.mean()) if len(known) else nan
                interval = _confidence_interval(known, confidence, seed)
                summaries.append(Summary(name, metric, mean, *interval, len(known)))
        return summaries

    def _repr_html_(self) -> str:
        """The mean over the images of each class, a row for each class; then the images with the worst scores."""
        columns = [
            Column("class"),
            *(Column(METRICS[name].title, True) for name in self.metrics),
            Column("images", True),
        ]
        means = {name: self._known(name) for name in self.metrics}
        rows = [
            [class_name, *(_mean_text(means[name][index]) for name in self.metrics), f"{max(counts, default=0):,}"]
            for index, class_name in enumerate(self.classes)
            for counts in [[len(known[index]) for known in means.values()]]
        ]
        first = self.metrics[0]
        worst = ", ".join(self.images[index] for index in self.worst(3, first))
        facts = [("images", f"{len(self.images):,}"), (f"worst by {METRICS[first].title}", worst)]
        return notebook_cell("Scores", facts, plain_table(columns, rows))

    def plain(self) -> list[dict[str, Any]]:
        """The rows as plain values; None for NaN."""
        return [
            {"image": row.image, "class": row.class_name}
            | {name: value if isfinite(value) else None for name, value in row.values.items()}
            for row in self.rows
        ]

    def csv(self) -> str:
        """The rows as CSV, with an empty field for NaN."""
        values = ([row.values[name] for name in self.metrics] for row in self.rows)
        known = ([None if np.isnan(value) else float(value) for value in each] for each in values)
        rows = ([row.image, row.class_name, *each] for row, each in zip(self.rows, known, strict=True))
        return table_text([["image", "class", *self.metrics], *rows])


def _mean_text(known: NDArray[np.float64]) -> str:
    """The mean of a class in three digits, or a dash."""
    return f"{known.mean():.3g}" if len(known) else "–"


def _confidence_interval(values: NDArray[np.float64], confidence: float, seed: int) -> tuple[float, float]:
    """The bias-corrected and accelerated bootstrap interval of a mean (Efron, 1987).

    NaN for fewer than two values; for equal values, the value itself.
    """
    if len(values) < 2:
        return nan, nan
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    from scipy.stats import bootstrap  # takes a third of a second, and only reports need it

    random = np.random.default_rng(seed)
    result = bootstrap(
        (values,), np.mean, n_resamples=_RESAMPLES, confidence_level=confidence, method="BCa", rng=random
    )
    low, high = result.confidence_interval
    return float(low), float(high)
