"""Losses. Each returns named terms, whose sum is minimised.

All sums over pixels run over the patches of all processes, so that two processes with half a batch each compute the
same loss as one process with the whole batch. A network with one output channel separates class 1 from class 0.
Unlabelled pixels are ignored. What an output is to predict decides what probabilities are: softmax over classes, or a
sigmoid for each of several regions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from unetkit.block import Component, Share

if TYPE_CHECKING:
    from torch import Tensor

_Weight = Annotated[float, Field(gt=0, le=1e6)]
_ClassWeights = tuple[_Weight, ...] | None
_Smoothing = Annotated[float, Field(ge=0, le=1e6)]
UNLABELLED = -100  # as in unetkit.data, whose import needs numpy


class LossInput(ABC):
    """An output of a network, what it is to predict, and the weight of each pixel."""

    weight: Tensor
    """Of the pixels (N, *spatial): 0 for unlabelled ones, else 1 or the value of a weight map."""

    @property
    @abstractmethod
    def true_log_probability(self) -> Tensor:
        """The log-probability of what is true: (N, *spatial) for classes, (N, regions, *spatial) for regions."""

    @property
    @abstractmethod
    def probabilities(self) -> Tensor:
        """The probabilities (N, channels, *spatial), 0 for ignored pixels."""

    @property
    @abstractmethod
    def one_hot(self) -> Tensor:
        """The truth as 0 and 1 in the shape of the probabilities, 0 for ignored pixels."""

    @abstractmethod
    def weights(self, by_class: _ClassWeights) -> Tensor:
        """The weights in the shape of `true_log_probability`, times those of the classes or regions."""


@dataclass(frozen=True)
class ClassInput(LossInput):
    """The logits (N, classes, *spatial), true classes (N, *spatial) and pixel weights (N, *spatial) of a batch."""

    logits: Tensor
    classes: Tensor
    weight: Tensor

    @property
    def log_probabilities(self) -> Tensor:
        """Log-softmax of the logits, in fp32."""
        return self.logits.float().log_softmax(1)

    @property
    def true_log_probability(self) -> Tensor:
        return self.log_probabilities.gather(1, self.classes[:, None])[:, 0]

    @property
    def probabilities(self) -> Tensor:
        return self.log_probabilities.exp() * (self.weight > 0)[:, None]

    @property
    def one_hot(self) -> Tensor:
        import torch

        zeros = torch.zeros_like(self.logits, dtype=torch.float32)
        return zeros.scatter_(1, self.classes[:, None], 1) * (self.weight > 0)[:, None]

    def weights(self, by_class: _ClassWeights) -> Tensor:
        return self.weight if by_class is None else self.weight * self.weight.new_tensor(by_class)[self.classes]


@dataclass(frozen=True)
class RegionInput(LossInput):
    """The logits and the truth (N, regions, *spatial), as 0 and 1, and pixel weights (N, *spatial) of a batch."""

    logits: Tensor
    regions: Tensor
    weight: Tensor

    @property
    def true_log_probability(self) -> Tensor:
        from torch.nn.functional import logsigmoid

        return logsigmoid(self.logits.float() * (2 * self.regions - 1))

    @property
    def probabilities(self) -> Tensor:
        return self.logits.float().sigmoid() * (self.weight > 0)[:, None]

    @property
    def one_hot(self) -> Tensor:
        return self.regions * (self.weight > 0)[:, None]

    def weights(self, by_class: _ClassWeights) -> Tensor:
        weight = self.weight[:, None].expand_as(self.regions)
        if by_class is None:
            return weight
        return weight * weight.new_tensor(by_class).reshape(-1, *(1,) * (self.regions.dim() - 2))


class ValueInput(NamedTuple):
    """The output and the truth (N, channels, *spatial), and pixel weights (N, *spatial) of a batch."""

    output: Tensor
    truth: Tensor
    weight: Tensor


def loss_input(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> LossInput:
    """The input of a loss, from a network's output (N, channels, *spatial) and labels (N, *spatial)."""
    import torch

    labelled = labels != UNLABELLED
    weight = labelled.float() if weight is None else labelled * weight.float()
    if logits.shape[1] == 1:  # the logit of class 1; that of class 0 is 0
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    return ClassInput(logits, torch.where(labelled, labels, 0), weight)


class Loss(Component):
    """The function that is minimised. Plugins add losses through the entry points `unetkit.losses`."""

    slot = "loss"
    measures: ClassVar[Literal["probabilities", "values"]] = "probabilities"
    """What it compares: classes and regions by their probabilities, or numbers."""

    @abstractmethod
    def terms(self, batch: Any) -> dict[str, Tensor]:
        """The terms by name, each a scalar; their sum is the loss.

        `batch` is a `LossInput`, or a `ValueInput` for a loss of numbers.
        """

    def weight_map(self) -> Callable[[Any], Any] | None:
        """The function that computes pixel weights for a pair of image and labels, if the loss needs them."""
        return None

    def class_faults(self, classes: int) -> Iterator[tuple[str, str, str]]:
        """Yields (field, message, cure) for settings that do not match the number of classes."""
        weights = getattr(self, "class_weights", None)
        if weights is not None and len(weights) != classes:
            yield "class_weights", f"{len(weights)} weights for {classes} classes", "Give one for each class."


class CrossEntropy(Loss):
    """Cross-entropy: the weighted mean over pixels of −log of the probability of the true class."""

    class_weights: _ClassWeights = None
    """Weight of each class; equal by default."""

    def terms(self, batch: LossInput) -> dict[str, Tensor]:
        return {"cross_entropy": _cross_entropy(batch, self.class_weights)}


class Dice(Loss):
    """Soft Dice loss: 1 − the mean of 2·Σ(p·t) / (Σp + Σt) over the classes that occur."""

    source = "Milletari et al., 2016, arXiv:1606.04797"

    smooth: _Smoothing = 1.0
    """Added to numerator and denominator."""
    background: bool = True
    """Whether class 0 is included in the mean."""
    per_image: bool = False
    """Whether the overlap is computed for each patch, or over the whole batch."""

    def terms(self, batch: LossInput) -> dict[str, Tensor]:
        return {"dice": 1 - _soft_dice(batch, self.smooth, self.background, self.per_image)}


class DiceCE(Loss):
    """The sum of cross-entropy, which weights pixels equally, and Dice loss, which weights classes equally."""

    class_weights: _ClassWeights = None
    """Weight of each class in the cross-entropy; equal by default."""
    smooth: _Smoothing = 1.0
    """Added to numerator and denominator of the Dice coefficient."""
    background: bool = True
    """Whether class 0 is included in the mean of the Dice coefficients."""
    share: Share = 0.5
    """Relative weight of the Dice loss: 2·share·Dice + 2·(1 − share)·cross-entropy."""
    per_image: bool = False
    """Whether the overlap is computed for each patch, or over the whole batch."""

    def terms(self, batch: LossInput) -> dict[str, Tensor]:
        entropy = _cross_entropy(batch, self.class_weights)
        dice = _soft_dice(batch, self.smooth, self.background, self.per_image)
        return {"cross_entropy": 2 * (1 - self.share) * entropy, "dice": 2 * self.share * (1 - dice)}


class Focal(Loss):
    """Focal loss: cross-entropy times (1 − p)^gamma, which reduces the weight of well-classified pixels."""

    source = "Lin et al., 2017, arXiv:1708.02002"

    gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Focusing exponent; 0 is cross-entropy."""
    class_weights: _ClassWeights = None
    """Weight of each class; equal by default."""

    def terms(self, batch: LossInput) -> dict[str, Tensor]:
        log_p = batch.true_log_probability
        return {"focal": _weighted_mean(-((1 - log_p.exp()) ** self.gamma) * log_p, batch, self.class_weights)}


class Tversky(Loss):
    """Tversky loss: 1 − the mean of TP / (TP + alpha·FP + beta·FN), in probabilities, over the classes that occur."""

    source = "Salehi et al., 2017, arXiv:1706.05721"

    alpha: Annotated[float, Field(ge=0, le=10)] = 0.3
    """Weight of false positives."""
    beta: Annotated[float, Field(ge=0, le=10)] = 0.7
    """Weight of false negatives."""
    smooth: _Smoothing = 1.0
    """Added to numerator and denominator."""
    per_image: bool = False
    """Whether the overlap is computed for each patch, or over the whole batch."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if not self.alpha and not self.beta:
            yield "alpha", "alpha and beta are both 0, so no error is penalised", "Set one of them above 0."

    def terms(self, batch: LossInput) -> dict[str, Tensor]:
        overlap, predicted, true = _class_sums(batch, self.per_image)
        errors = self.alpha * (predicted - overlap) + self.beta * (true - overlap)
        index = (overlap + self.smooth) / (overlap + errors + self.smooth).clamp(min=1e-6)
        return {"tversky": 1 - _mean_where(true > 0, index, self.per_image)}


class BoundaryCE(Loss):
    """Cross-entropy with larger weights in narrow gaps between touching objects."""

    source = "Ronneberger et al., 2015, eq. 2"

    w0: Annotated[float, Field(ge=0, le=1e4)] = 10.0
    """Largest additional weight, between two objects that touch."""
    sigma: Annotated[float, Field(gt=0, le=1e4)] = 5.0
    """Width of the gaps that are emphasised, in pixels."""
    class_weights: _ClassWeights = None
    """Additional weight of each class; equal by default."""

    def terms(self, batch: LossInput) -> dict[str, Tensor]:
        return {"cross_entropy": _cross_entropy(batch, self.class_weights)}

    def weight_map(self) -> Callable[[Any], Any]:
        from unetkit.data.patches.boundary_weight import BoundaryWeight  # needs numpy

        return BoundaryWeight(self.w0, self.sigma)


class MeanSquaredError(Loss):
    """The mean over pixels and channels of the squared difference, for outputs that are numbers."""

    measures = "values"

    def terms(self, batch: ValueInput) -> dict[str, Tensor]:
        return {"mse": _mean_of_values((batch.output.float() - batch.truth) ** 2, batch)}


class MeanAbsoluteError(Loss):
    """The mean over pixels and channels of the absolute difference, for outputs that are numbers."""

    measures = "values"

    def terms(self, batch: ValueInput) -> dict[str, Tensor]:
        return {"l1": _mean_of_values((batch.output.float() - batch.truth).abs(), batch)}


def _mean_of_values(values: Tensor, batch: ValueInput) -> Tensor:
    """The mean over the pixels of all processes, and over channels, weighted by pixel."""
    weight = batch.weight[:, None].expand_as(values)
    return _total((values * weight).sum()) / _total(weight.sum()).clamp(min=1e-6)


def _cross_entropy(batch: LossInput, class_weights: _ClassWeights) -> Tensor:
    return _weighted_mean(-batch.true_log_probability, batch, class_weights)


def _weighted_mean(values: Tensor, batch: LossInput, class_weights: _ClassWeights) -> Tensor:
    """The mean over the pixels of all processes, weighted by pixel and class."""
    weight = batch.weights(class_weights)
    return _total((values * weight).sum()) / _total(weight.sum()).clamp(min=1e-6)


def _soft_dice(batch: LossInput, smooth: float, background: bool, per_image: bool) -> Tensor:
    """The mean over the classes that occur of 2·Σ(p·t) / (Σp + Σt)."""
    overlap, predicted, true = _class_sums(batch, per_image)
    present = true > 0
    if not background:
        present[:, 0] = False
    return _mean_where(present, (2 * overlap + smooth) / (predicted + true + smooth).clamp(min=1e-6), per_image)


def _class_sums(batch: LossInput, per_image: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Σ(p·t), Σp and Σt of each class: (N, classes) per image, else (1, classes) over the batch of all processes."""
    p, t = batch.probabilities, batch.one_hot
    sums = (one.sum(tuple(range(2, p.dim()))) for one in (p * t, p, t))
    overlap, predicted, true = sums if per_image else (_total(one.sum(0, keepdim=True)) for one in sums)
    return overlap, predicted, true


def _mean_where(mask: Tensor, index: Tensor, per_image: bool) -> Tensor:
    """The mean of `index` where `mask` is true, 0 where it never is; per image, over all processes."""
    total, count = (index * mask).sum(), mask.float().sum()
    if per_image:
        total, count = _total(total), _total(count)
    return total / count.clamp(min=1)


def _total(value: Tensor) -> Tensor:
    """The differentiable sum over all processes."""
    from unetkit.train.parts.all_reduce import all_reduce_sum  # needs torch

    return all_reduce_sum(value)
