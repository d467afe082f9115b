"""The metrics: what each measures of one class in one image, and what it says where a class is missing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import hypot, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, UnetkitError, did_you_mean

Mask = NDArray[np.bool_]


class ScoreError(UnetkitError):
    """Labels cannot be measured so."""


class Counts(NamedTuple):
    """Pixels of one class: predicted and true, predicted only, true only."""

    both: int
    predicted_only: int
    true_only: int


class Case(NamedTuple):
    """One class in one image: its counts, both masks, the distance between samples per axis, and what NSD tolerates."""

    counts: Counts
    predicted: Mask
    truth: Mask
    spacing: tuple[float, ...]
    tolerance: float

    @property
    def diagonal(self) -> float:
        """The largest distance within the image."""
        return hypot(*((n - 1) * step for n, step in zip(self.truth.shape, self.spacing, strict=True)))


class Metric(NamedTuple):
    """A metric: how it is written, what it measures, the direction that is better, and the function.

    The function is asked only where the class occurs in the prediction or in the reference; `distance`: by MONAI.
    """

    title: str
    about: str
    higher_is_better: bool
    measure: Callable[[Case], float]
    distance: bool = False


def ratio(part: int, whole: int) -> float:
    """Returns a share; NaN of nothing."""
    return part / whole if whole else nan


def dice(case: Case) -> float:
    """Returns 2·TP / (2·TP + FP + FN)."""
    both, predicted_only, true_only = case.counts
    return ratio(2 * both, 2 * both + predicted_only + true_only)


def iou(case: Case) -> float:
    """Returns TP / (TP + FP + FN)."""
    return ratio(case.counts.both, sum(case.counts))


def precision(case: Case) -> float:
    """Returns TP / (TP + FP), NaN where nothing is predicted."""
    return ratio(case.counts.both, case.counts.both + case.counts.predicted_only)


def recall(case: Case) -> float:
    """Returns TP / (TP + FN), NaN where the reference has nothing."""
    return ratio(case.counts.both, case.counts.both + case.counts.true_only)


def surface_dice(case: Case) -> float:
    """Returns the share of both surfaces that lies within the tolerance of the other (Nikolov et al., 2018)."""
    if not (case.predicted.any() and case.truth.any()):
        return 0.0
    from monai.metrics.surface_dice import compute_surface_dice  # its import takes seconds

    return monai(compute_surface_dice, case, class_thresholds=[case.tolerance])


def hausdorff_95(case: Case) -> float:
    """Returns the 95th percentile of the distances between both surfaces, the larger of the two directions."""
    if not (case.predicted.any() and case.truth.any()):
        return case.diagonal
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance

    return monai(compute_hausdorff_distance, case, percentile=95)


def monai(function: Callable[..., Any], case: Case, **settings: Any) -> float:
    """Returns what one of MONAI's functions gives for one class in one image."""
    import torch

    masks = (torch.from_numpy(mask[None, None]) for mask in (case.predicted, case.truth))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"monai\.")  # MONAI's use of itself
        return float(function(*masks, include_background=True, spacing=list(case.spacing), **settings))


METRICS: dict[str, Metric] = {
    "dice": Metric("Dice", "2·TP / (2·TP + FP + FN)", True, dice),
    "iou": Metric("IoU", "TP / (TP + FP + FN)", True, iou),
    "precision": Metric("Precision", "TP / (TP + FP)", True, precision),
    "recall": Metric("Recall", "TP / (TP + FN)", True, recall),
    "nsd": Metric("NSD", "share of both surfaces within the tolerance of the other", True, surface_dice, True),
    "hd95": Metric("HD95", "95th percentile of the distances between surfaces", False, hausdorff_95, True),
}


def check_metrics(names: tuple[str, ...], dims: int) -> None:
    """Raises ScoreError for a metric that is not known, or that has no meaning in so many dimensions."""
    faults = [
        Fault("metric-unknown", f"{name!r} is no metric", cure=did_you_mean(name, METRICS))
        for name in names
        if name not in METRICS
    ]
    if dims == 1:
        faults += [
            Fault("metric-dims", f"{name} measures surfaces, in 2D and 3D", cure="Leave it out for curves.")
            for name in names
            if name in METRICS and METRICS[name].distance
        ]
    if faults:
        raise ScoreError(*faults)
