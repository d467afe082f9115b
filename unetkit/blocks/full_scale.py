"""Maps of all scales, brought to one: by the skip of UNet 3+, and for heads that read several."""

from __future__ import annotations

from typing import ClassVar, Literal

from unetkit.block import Count, PerAxis, Skip
from unetkit.blocks.act import ReLU
from unetkit.blocks.fields import ActField, NormField
from unetkit.blocks.norm import Batch
from unetkit.operations.operation import Axes, wiring_error
from unetkit.signal import Bias, Signal, step_ratios


class FullScale(Skip):
    """Brings each map to the resolution of its level and, by a convolution, to the same channels, then concatenates.

    Finer maps are max-pooled, coarser ones are interpolated linearly. The finest comes first.
    """

    source = "Huang et al., 2020, arXiv:2004.08790"
    features: Count = 64
    """Channels of each map in the concatenation."""
    kernel: PerAxis = 3
    """Samples that the convolution of each map covers."""
    align: Literal["same", "resize"] = "same"
    """Where sizes still differ after scaling: refuse (same), or resize."""
    bias: Bias = "auto"
    """`auto`: none where a norm follows."""
    norm: NormField = Batch()
    """Norm after each convolution; the one of the spec unless given."""
    act: ActField = ReLU()
    """Activation after each convolution; the one of the spec unless given."""

    def wire(self, x: Signal, skip: Signal, *further: Signal) -> Signal:
        maps = sorted((skip, *further, x), key=_step)
        first, *rest = [self.converted(self.scaled(one, skip)) for one in maps]
        return first.concat(*rest)

    def converted(self, x: Signal) -> Signal:
        """The map after convolution, norm and activation."""
        return x.conv(self.features, self.kernel, bias=self.bias).norm(self.norm).act(self.act)

    def scaled(self, x: Signal, level: Signal) -> Signal:
        """The map at the resolution of its level."""
        if x is level:
            return x
        x = _at_resolution_of(level, x, "linear")
        return x.same_size_as(level) if self.align == "same" else x.resize_to(level)


class Rescale(Skip):
    """Brings all maps to the resolution of the first, then concatenates or adds them. It has no weights.

    Coarser maps are interpolated, finer ones are max-pooled; where sizes then differ they are resized. It is what
    makes several maps one for a head; as a skip it brings the encoder's map to the decoder's size.
    """

    source = "Qin et al., 2020, arXiv:2005.09007 (U²-Net)"
    pools: ClassVar[bool] = True
    """Whether the largest of each group of samples stands for a finer map, not the value at its centre."""
    merge_by: Literal["concat", "add"] = "concat"
    """Whether the channels stand one after the other, the first map's first, or are added."""
    method: Literal["nearest", "linear"] = "linear"
    """How coarser maps are interpolated."""

    def wire(self, x: Signal, skip: Signal, *further: Signal) -> Signal:
        others = [
            _at_resolution_of(x, one, self.method, pool=self.pools).resize_to(x, self.method)
            for one in (skip, *further)
        ]
        return x.concat(*others) if self.merge_by == "concat" else x.add(*others)


class Resample(Rescale):
    """Brings all maps to the resolution of the first as `rescale` does, but interpolates finer ones linearly too."""

    source = "Valanarasu et al., 2020, arXiv:2006.04878 (KiU-Net)"
    pools = False


def _at_resolution_of(level: Signal, x: Signal, method: str, *, pool: bool = True) -> Signal:
    """A map at the resolution of another; raises BlockError where it is finer along one axis and coarser along one."""
    finer, coarser = _factors(level, x), _factors(x, level)
    if finer is not None:
        if max(finer) == 1:
            return x
        return x.max_pool(finer) if pool else x.shrink(finer)
    if coarser is not None:
        return x.interpolate(coarser, method)
    raise wiring_error("a map is finer along one axis and coarser along another", "Use the same stride.")


def _step(x: Signal) -> list[float]:
    """Per axis the input pixels between two samples."""
    return [up / down for up, down in zip(x.up, x.down, strict=True)]


def _factors(coarse: Signal, fine: Signal) -> Axes | None:
    """Per axis how many times the step of one map is that of the other; None where one of them is no whole number."""
    ratios = list(step_ratios(coarse, fine))
    return None if any(wide % narrow for wide, narrow in ratios) else tuple([wide // narrow for wide, narrow in ratios])
