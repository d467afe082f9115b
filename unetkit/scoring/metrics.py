"""Metrics of one class in one image, and their values where the class is absent."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import hypot, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unetkit.errors import Fault, UnetkitError, did_you_mean

_Mask = NDArray[np.bool_]


class ScoreError(UnetkitError):
    """Labels cannot be scored as requested."""


class Counts(NamedTuple):
    """Pixels of one class: predicted and true, only predicted, only true."""

    both: int
    predicted_only: int
    true_only: int


class ClassMasks(NamedTuple):
    """One class in one image: pixel counts, both masks, the distance between samples per axis, the tolerance of NSD."""

    counts: Counts
    predicted: _Mask
    truth: _Mask
    spacing: tuple[float, ...]
    tolerance: float

    @property
    def diagonal(self) -> float:
        """The largest distance within the image."""
        return hypot(*((n - 1) * step for n, step in zip(self.truth.shape, self.spacing, strict=True)))


class Metric(NamedTuple):
    """A metric: its title, definition, direction, and function; the function of distances takes ClassMasks.

    The function is only called where the class occurs in the prediction or the reference.
    """

    title: str
    about: str
    higher_is_better: bool
    function: Callable[[Any], float]
    distance: bool = False

    def measure(self, case: ClassMasks) -> float:
        """The value for one class in one image."""
        return self.function(case if self.distance else case.counts)

    def of_counts(self, counts: Counts) -> float:
        """The value of an overlap metric for pixel counts; NaN where it is undefined."""
        return self.function(counts)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else nan


def _surface_dice(case: ClassMasks) -> float:
    """The fraction of both surfaces within the tolerance of the other (Nikolov et al., 2018)."""
    if not (case.predicted.any() and case.truth.any()):
        return 0.0
    from monai.metrics.surface_dice import compute_surface_dice  # its import takes seconds

    return _monai(compute_surface_dice, case, class_thresholds=[case.tolerance])


def _hausdorff_95(case: ClassMasks) -> float:
    """The 95th percentile of the distances between both surfaces, the larger of the two directions."""
    if not (case.predicted.any() and case.truth.any()):
        return case.diagonal
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance

    return _monai(compute_hausdorff_distance, case, percentile=95)


def _monai(function: Callable[..., Any], case: ClassMasks, **settings: Any) -> float:
    """Calls one of MONAI's metrics."""
    import torch

    masks = (torch.from_numpy(mask[None, None]) for mask in (case.predicted, case.truth))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"monai\.")  # MONAI's own deprecated calls
        return float(function(*masks, include_background=True, spacing=list(case.spacing), **settings))


METRICS: dict[str, Metric] = {
    "dice": Metric("Dice", "2·TP / (2·TP + FP + FN)", True, lambda n: _ratio(2 * n.both, n.both + sum(n))),
    "iou": Metric("IoU", "TP / (TP + FP + FN)", True, lambda n: _ratio(n.both, sum(n))),
    "precision": Metric("Precision", "TP / (TP + FP)", True, lambda n: _ratio(n.both, n.both + n.predicted_only)),
    "recall": Metric("Recall", "TP / (TP + FN)", True, lambda n: _ratio(n.both, n.both + n.true_only)),
    "nsd": Metric("NSD", "fraction of both surfaces within the tolerance of the other", True, _surface_dice, True),
    "hd95": Metric("HD95", "95th percentile of the distances between surfaces", False, _hausdorff_95, True),
}


def check_metrics(names: tuple[str, ...], dims: int) -> None:
    """Raises ScoreError for unknown metrics, and for surface distances in 1D."""
    faults = []
    for name in names:
        if name not in METRICS:
            message = f"there is no metric {name!r}"
            faults.append(Fault("metric-unknown", message, cure=did_you_mean(name, METRICS)))
        elif dims == 1 and METRICS[name].distance:
            message = f"{name} measures surfaces, which 1D images do not have"
            faults.append(Fault("metric-dims", message, cure=f"Leave {name} out."))
    if faults:
        raise ScoreError(*faults)
