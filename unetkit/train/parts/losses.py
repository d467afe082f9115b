"""Losses: each gives its terms, whose sum is what training makes small.

All sums over pixels run over the patches of all processes, so that two processes with half of a batch each learn what
one learns with the whole. A network of one output channel tells class 1 from class 0. Unlabelled pixels count nowhere.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from unetkit.block import Component, Share

if TYPE_CHECKING:
    from torch import Tensor

Weight = Annotated[float, Field(gt=0, le=1e6)]
ClassWeights = tuple[Weight, ...] | None
UNLABELLED = -100  # as in unetkit.data, whose import needs numpy


class LossInput(NamedTuple):
    """What a loss looks at: logits (N, classes, *spatial), classes (N, *spatial), and what each pixel counts."""

    logits: Tensor
    classes: Tensor
    weight: Tensor
    """0 where a pixel is not labelled, else 1, or what a weight map says."""

    @property
    def log_shares(self) -> Tensor:
        """The logarithms of the probabilities, in fp32."""
        return self.logits.float().log_softmax(1)

    @property
    def truth(self) -> Tensor:
        """The classes as zeros and ones in the shape of the logits, zeros where a pixel counts nothing."""
        import torch

        shape = torch.zeros_like(self.logits, dtype=torch.float32)
        return shape.scatter_(1, self.classes[:, None], 1) * (self.weight > 0)[:, None]

    @property
    def shares(self) -> Tensor:
        """The probabilities, zeros where a pixel counts nothing."""
        return self.log_shares.exp() * (self.weight > 0)[:, None]


def scene(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> LossInput:
    """Returns what a loss looks at, for the output of a network (N, channels, *spatial) and labels (N, *spatial)."""
    import torch

    known = labels != UNLABELLED
    counted = known.float() if weight is None else known * weight.float()
    if logits.shape[1] == 1:  # the logit of class 1 against one of 0
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    return LossInput(logits, torch.where(known, labels, 0), counted)


class Loss(Component):
    """Says how wrong an output is. A plugin adds one of its own through the entry points `unetkit.losses`."""

    slot = "loss"

    @abstractmethod
    def terms(self, seen: LossInput) -> dict[str, Tensor]:
        """Returns the terms by name, each a single number; their sum is the loss."""

    def weight_map(self) -> Callable[[Any], Any] | None:
        """Returns what makes a weight for each pixel of a pair, where the loss wants one."""
        return None

    def class_faults(self, classes: int) -> Iterator[tuple[str, str, str]]:
        """Yields (field, message, cure) for what does not suit so many classes."""
        weights = getattr(self, "class_weights", None)
        if weights is not None and len(weights) != classes:
            yield "class_weights", f"{len(weights)} weights for {classes} classes", "Give one for each class."


class CrossEntropy(Loss):
    """The mean over pixels of −log of the probability of the true class."""

    class_weights: ClassWeights = None
    """How much the pixels of each class count; alike unless given."""

    def terms(self, seen: LossInput) -> dict[str, Tensor]:
        return {"cross_entropy": cross_entropy(seen, self.class_weights)}


class Dice(Loss):
    """1 − the mean over the classes that occur of 2·Σ(p·t) / (Σp + Σt), over the batch or per image."""

    source = "Milletari et al., 2016, arXiv:1606.04797"

    smooth: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """Added to numerator and denominator."""
    background: bool = True
    """Whether class 0 is among the classes."""
    per_image: bool = False
    """Whether each patch has an index of its own, so that one with few pixels of a class counts like one with many."""

    def terms(self, seen: LossInput) -> dict[str, Tensor]:
        return {"dice": 1 - soft_dice(seen, self.smooth, self.background, self.per_image)}


class DiceCE(Loss):
    """Cross entropy, in which pixels count alike, plus Dice, in which classes do."""

    class_weights: ClassWeights = None
    """How much the pixels of each class count in the cross entropy; alike unless given."""
    smooth: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """Added to numerator and denominator of the Dice."""
    background: bool = True
    """Whether class 0 is among the classes of the Dice."""
    share: Share = 0.5
    """Of the Dice in the sum, times two: 0.5 weighs both with 1."""
    per_image: bool = False
    """Whether each patch has an index of its own, so that one with few pixels of a class counts like one with many."""

    def terms(self, seen: LossInput) -> dict[str, Tensor]:
        entropy = cross_entropy(seen, self.class_weights)
        dice = soft_dice(seen, self.smooth, self.background, self.per_image)
        return {"cross_entropy": 2 * (1 - self.share) * entropy, "dice": 2 * self.share * (1 - dice)}


class Focal(Loss):
    """Cross entropy in which pixels that are right already count little: (1 − p)^gamma."""

    source = "Lin et al., 2017, arXiv:1708.02002"

    gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    class_weights: ClassWeights = None
    """How much the pixels of each class count; alike unless given."""

    def terms(self, seen: LossInput) -> dict[str, Tensor]:
        log_share = seen.log_shares.gather(1, seen.classes[:, None])[:, 0]
        weight = seen.weight * of_classes(seen, self.class_weights)
        focal = -((1 - log_share.exp()) ** self.gamma) * log_share
        return {"focal": total((focal * weight).sum()) / total(weight.sum()).clamp(min=1e-6)}


class Tversky(Loss):
    """1 − the mean over the classes that occur of TP / (TP + alpha·FP + beta·FN), in probabilities."""

    source = "Salehi et al., 2017, arXiv:1706.05721"

    alpha: Annotated[float, Field(ge=0, le=10)] = 0.3
    """What a pixel counts that is wrongly of the class."""
    beta: Annotated[float, Field(ge=0, le=10)] = 0.7
    """What a pixel counts that is wrongly not of the class."""
    smooth: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """Added to numerator and denominator."""
    per_image: bool = False
    """Whether each patch has an index of its own, so that one with few pixels of a class counts like one with many."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if not self.alpha and not self.beta:
            yield "alpha", "alpha and beta are 0: nothing wrong counts", "Give one of them a value."

    def terms(self, seen: LossInput) -> dict[str, Tensor]:
        right, said, there = sums(seen, self.per_image)
        against = self.alpha * (said - right) + self.beta * (there - right)
        index = (right + self.smooth) / (right + against + self.smooth).clamp(min=1e-6)
        return {"tversky": 1 - mean_where(there > 0, index, self.per_image)}


class BoundaryCE(Loss):
    """Cross entropy in which the narrow gaps between objects that touch count most."""

    source = "Ronneberger et al., 2015, eq. 2"

    w0: Annotated[float, Field(ge=0, le=1e4)] = 10.0
    """How much more a pixel counts right between two objects."""
    sigma: Annotated[float, Field(gt=0, le=1e4)] = 5.0
    """How wide a gap counts, in pixels."""
    class_weights: ClassWeights = None
    """How much the pixels of each class count beside that; alike unless given."""

    def terms(self, seen: LossInput) -> dict[str, Tensor]:
        return {"cross_entropy": cross_entropy(seen, self.class_weights)}

    def weight_map(self) -> Callable[[Any], Any]:
        from unetkit.data.patches.boundary_weight import BoundaryWeight  # needs numpy

        return BoundaryWeight(self.w0, self.sigma)


def cross_entropy(seen: LossInput, class_weights: ClassWeights) -> Tensor:
    """Returns the weighted mean over pixels of −log of the probability of the true class."""
    log_share = seen.log_shares.gather(1, seen.classes[:, None])[:, 0]
    weight = seen.weight * of_classes(seen, class_weights)
    return total((-log_share * weight).sum()) / total(weight.sum()).clamp(min=1e-6)


def soft_dice(seen: LossInput, smooth: float, background: bool, per_image: bool) -> Tensor:
    """Returns the mean over the classes that occur of 2·Σ(p·t) / (Σp + Σt)."""
    overlap, said, there = sums(seen, per_image)
    present = there > 0
    if not background:
        present[:, 0] = False
    return mean_where(present, (2 * overlap + smooth) / (said + there + smooth).clamp(min=1e-6), per_image)


def sums(seen: LossInput, per_image: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Returns Σ(p·t), Σp and Σt of each class: (N, classes) per image, else (1, classes) over the whole batch."""
    shares, truth = seen.shares, seen.truth
    pixels = tuple(range(2, shares.dim()))
    own = (one.sum(pixels) for one in (shares * truth, shares, truth))
    overlap, said, there = own if per_image else (total(one.sum(0, keepdim=True)) for one in own)
    return overlap, said, there


def mean_where(counted: Tensor, index: Tensor, per_image: bool) -> Tensor:
    """Returns the mean of the indices that count, 0 where none does; where there is one per image, of all processes."""
    found, number = (index * counted).sum(), counted.float().sum()
    if per_image:
        found, number = total(found), total(number)
    return found / number.clamp(min=1)


def of_classes(seen: LossInput, class_weights: ClassWeights) -> Tensor:
    """Returns what each pixel counts for its class."""
    if class_weights is None:
        return seen.weight.new_ones(())
    return seen.weight.new_tensor(class_weights)[seen.classes]


def total(own: Tensor) -> Tensor:
    """Returns the sum of a number over all processes, with a gradient through all of them."""
    from unetkit.train.parts.processes import summed  # needs torch

    return summed(own)
