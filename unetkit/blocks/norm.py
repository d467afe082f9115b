"""Normalisation blocks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unetkit.block import Count, Norm
from unetkit.operations import BatchNorm, ChannelNormalization, GroupNorm, InstanceNorm
from unetkit.signal import Signal

_Positive = Annotated[float, Field(gt=0, le=1)]


class Batch(Norm):
    """Batch normalisation."""

    source = "Ioffe & Szegedy, 2015, arXiv:1502.03167"
    eps: _Positive = 1e-5
    """Added to the variance."""
    momentum: _Positive = 0.1
    """Share of a new batch in the running values."""
    affine: bool = True
    """Whether a scale and a shift are learned per channel."""

    def wire(self, x: Signal) -> Signal:
        return x.apply(BatchNorm(self.eps, self.momentum, self.affine))


class Instance(Norm):
    """Instance normalisation: each image and channel for itself, over the whole image."""

    source = "Ulyanov et al., 2016, arXiv:1607.08022"
    eps: _Positive = 1e-5
    """Added to the variance."""
    affine: bool = True
    """Whether a scale and a shift are learned per channel."""

    def wire(self, x: Signal) -> Signal:
        return x.apply(InstanceNorm(self.eps, self.affine))


class Group(Norm):
    """Group normalisation: each image and group of channels for itself, over the whole image."""

    source = "Wu & He, 2018, arXiv:1803.08494"
    groups: Count = 8
    """Groups of channels; they must divide the channels of every level."""
    eps: _Positive = 1e-5
    """Added to the variance."""
    affine: bool = True
    """Whether a scale and a shift are learned per channel."""

    def wire(self, x: Signal) -> Signal:
        return x.apply(GroupNorm(self.groups, self.eps, self.affine, lone=self.groups == x.channels))


class LayerNorm(Norm):
    """Layer normalisation over the channels of each sample, as in ConvNeXt: local, so that tiles stay exact."""

    source = "Ba et al., 2016, arXiv:1607.06450; Liu et al., 2022, arXiv:2201.03545"
    eps: _Positive = 1e-6
    """Added to the variance."""
    affine: bool = True
    """Whether a scale and a shift are learned per channel."""

    def wire(self, x: Signal) -> Signal:
        return x.apply(ChannelNormalization(self.eps, self.affine))


class NoNorm(Norm):
    """No normalisation."""

    def wire(self, x: Signal) -> Signal:
        return x
