"""Skips: how the encoder's feature map meets the decoder's. Unequal sizes are met by `align`, never in silence."""

from __future__ import annotations

from typing import Literal

from unetkit.block import Count, Skip
from unetkit.blocks.act import ReLU
from unetkit.blocks.fields import OwnAct, OwnNorm
from unetkit.blocks.norm import NoNorm
from unetkit.operations.operation import wiring_error
from unetkit.signal import Bias, Signal, stride_between

_Align = Literal["crop", "pad", "same", "resize"]


class Aligned(Skip):
    """The base of all skips that make sizes equal: crop the encoder, pad or resize the decoder, or refuse (same)."""

    align: _Align = "same"
    """Where sizes differ: crop the encoder's map, pad or resize the decoder's, or refuse (same)."""
    method: Literal["nearest", "linear"] = "linear"
    """Interpolation for align: resize."""
    padding_mode: Literal["zeros", "replicate"] = "zeros"
    """What stands outside the decoder's map with align: pad."""

    def idle(self) -> dict[str, str]:
        reasons = {} if self.align == "resize" else {"method": f"align: {self.align} does not interpolate"}
        return reasons if self.align == "pad" else {**reasons, "padding_mode": f"align: {self.align} does not pad"}

    def wire(self, x: Signal, skip: Signal, *further: Signal) -> Signal:
        match self.align:
            case "crop":
                return self.merge(x, *(one.crop_to(x) for one in (skip, *further)))
            case "pad":
                x = x.pad_to(skip, self.padding_mode)
            case "resize":
                x = x.resize_to(skip, self.method)
            case "same":
                x = x.same_size_as(skip)
        return self.merge(x, skip, *further)

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        """The signals, of one size, as one."""
        raise NotImplementedError


class Concat(Aligned):
    """The channels of encoder and decoder one after the other, the encoder's first unless asked otherwise."""

    source = "Ronneberger, Fischer, Brox, 2015, arXiv:1505.04597"
    order: Literal["skip_first", "up_first", "nearest_first"] = "skip_first"
    """Whose channels come first, the encoder's or the decoder's; `nearest_first`: the decoder's, and of several maps of
    a level, as in U-Net++, the last one before the encoder's."""

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        maps = {"skip_first": (*skips, x), "up_first": (x, *skips), "nearest_first": (x, *reversed(skips))}
        first, *others = maps[self.order]
        return first.concat(*others)


class Add(Aligned):
    """The sum of encoder and decoder, which must have the same channels."""

    source = "Chaurasia & Culurciello, 2017, arXiv:1707.03718 (LinkNet)"

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        for skip in skips:
            x = _added(x, skip)
        return x


class Multiply(Aligned):
    """The product of encoder and decoder, which have the same channels, or one of them a single one, as a mask has."""

    source = "Jha et al., 2020, arXiv:2006.04868 (DoubleU-Net)"

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        for skip in skips:
            x = skip.gate(x) if x.channels == 1 else x.gate(skip)
        return x


class Difference(Aligned):
    """The absolute difference of the encoder's maps of two images, concatenated with the decoder's map.

    Of two maps alone, as where an encoder meets a decoder, it is their absolute difference.
    """

    source = "Caye Daudt et al., 2018, arXiv:1810.08462 (FC-Siam-diff)"

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        if len(skips) > 2:
            raise wiring_error(f"a difference is one of two maps, here are {len(skips)}", "Use concat.")
        return skips[0].absolute_difference(skips[1]).concat(x) if skips[1:] else x.absolute_difference(skips[0])


class Attention(Aligned):
    """An additive attention gate weighs the encoder's map by the decoder's, then both are merged.

    Both maps go through 1×1 convolutions to `features` channels and are added; an activation, a 1×1 convolution to one
    channel and a sigmoid give the weight of each sample. The gate works at the resolution of the merge.
    """

    source = "Oktay et al., 2018, arXiv:1804.03999"
    merge_by: Literal["concat", "add"] = "concat"
    """How the gated map joins the decoder's."""
    features: Count | None = None
    """Channels inside the gate; half of the encoder's unless given."""
    bias: Bias = "auto"
    """Whether its convolutions have biases; `auto`: none where a norm follows, else one for the sum of the two maps."""
    norm: OwnNorm = NoNorm()
    """Norm after each convolution of the gate; none unless given."""
    act: OwnAct = ReLU()
    """Activation of the sum of the two maps."""

    def wire(self, x: Signal, skip: Signal) -> Signal:  # type: ignore[override]  # it gates one map
        return super().wire(x, skip)

    def merge(self, x: Signal, *skips: Signal) -> Signal:
        (skip,) = skips
        features = self.features or max(1, skip.channels // 2)
        one, both = (True, False) if self.bias == "auto" and isinstance(self.norm, NoNorm) else (self.bias, self.bias)
        query = x.conv(features, 1, bias=one, name="gate_decoder").norm(self.norm)
        key = skip.conv(features, 1, bias=both, name="gate_encoder").norm(self.norm)
        weight = query.add(key).act(self.act).conv(1, 1, bias=one, name="gate_weight").norm(self.norm)
        skip = skip.gate(weight.activation("Sigmoid"))
        return skip.concat(x) if self.merge_by == "concat" else _added(x, skip)


class Unpool(Skip):
    """Puts the decoder's samples where the encoder's map was largest before it was pooled, as SegNet does.

    It leads to the encoder's resolution, in place of a way up, by the stride of the pooling; channels are equal.
    """

    source = "Badrinarayanan et al., 2017, arXiv:1511.00561"
    example = {"channels": [16, 16], "up": "none", "skip": {"type": "unpool"}}

    def wire(self, x: Signal, skip: Signal) -> Signal:  # type: ignore[override]  # the places of one map
        stride = stride_between(x, skip)
        if max(stride) == 1:
            raise wiring_error("unpool leads to the finer level itself, here a way up did before", "Use up: none.")
        return x.max_unpool(skip, stride)


class NoSkip(Skip):
    """No connection: the decoder goes on alone, in its own size unless asked otherwise."""

    align: Literal["none", "pad", "resize"] = "none"
    """Whether the decoder's map is padded with zeros, or resized, to the size of the encoder's."""
    method: Literal["nearest", "linear"] = "linear"
    """Interpolation for align: resize."""

    def idle(self) -> dict[str, str]:
        return {} if self.align == "resize" else {"method": f"align: {self.align} does not interpolate"}

    def wire(self, x: Signal, skip: Signal, *further: Signal) -> Signal:
        if self.align == "none":
            return x
        return x.pad_to(skip) if self.align == "pad" else x.resize_to(skip, self.method)


def _added(x: Signal, skip: Signal) -> Signal:
    """The sum; raises BlockError where decoder and encoder differ in channels."""
    if x.channels != skip.channels:
        raise wiring_error(
            f"adding needs equal channels, decoder has {x.channels}, encoder has {skip.channels}",
            "Use an up path that goes to the level's channels (transposed_conv, or interpolate with conv: 1).",
        )
    return x.add(skip)
