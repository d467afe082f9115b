"""The training loss: cross entropy plus soft Dice."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from unetkit.data import UNLABELLED


def segmentation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Returns cross entropy plus 1 − mean Dice of a batch (N, C, *spatial) against classes (N, *spatial).

    Cross entropy weighs pixels alike, Dice (Milletari et al., 2016) classes alike. A network of one output channel
    tells class 1 from class 0. Pixels labelled UNLABELLED count in neither term.
    """
    known = labels != UNLABELLED
    classes = torch.where(known, labels, 0)
    if logits.shape[1] == 1:
        entropy = functional.binary_cross_entropy_with_logits(logits[:, 0], classes.to(logits.dtype), reduction="none")
        shares, truth = logits.sigmoid(), classes[:, None].to(logits.dtype)
    else:
        entropy = functional.cross_entropy(logits, classes, reduction="none")
        shares, truth = logits.softmax(1), one_hot(classes, logits)
    weight = known.to(logits.dtype)
    entropy = (entropy * weight).sum() / weight.sum().clamp(min=1)
    return entropy + 1 - soft_dice(shares * weight[:, None], truth * weight[:, None])


def one_hot(classes: Tensor, like: Tensor) -> Tensor:
    """Returns classes (N, *spatial) as zeros and ones in the shape of `like` (N, C, *spatial)."""
    return torch.zeros_like(like).scatter_(1, classes[:, None], 1)


def soft_dice(shares: Tensor, truth: Tensor) -> Tensor:
    """Returns the mean over the classes that occur of 2·Σ(p·t) / (Σp + Σt), over the whole batch."""
    axes = (0, *range(2, shares.dim()))
    present = truth.amax(axes) > 0
    overlap, total = (shares * truth).sum(axes), shares.sum(axes) + truth.sum(axes)
    dice = (2 * overlap + 1) / (total + 1)
    return (dice * present).sum() / present.sum().clamp(min=1)
