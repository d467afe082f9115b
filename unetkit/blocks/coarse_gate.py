"""A skip that leads up itself: the encoder's map weighs the decoder's before that is interpolated."""

from __future__ import annotations

from typing import Literal

from unetkit.block import Skip
from unetkit.blocks.act import ReLU
from unetkit.blocks.fields import ActField, NormField
from unetkit.blocks.norm import Batch
from unetkit.operations.operation import wiring_error
from unetkit.signal import Signal, stride_between


class CoarseGate(Skip):
    """Weighs the decoder's map at its own, coarser resolution, interpolates it, and concatenates the encoder's map.

    Both maps go through norm, activation and a 3×3 convolution to the channels of the decoder, the encoder's is
    max-pooled, and they are added; norm, activation and a 1×1 convolution give the weight of each sample.
    """

    source = "Jha et al., 2019, arXiv:1911.07067 (ResUNet++)"
    example = {"channels": [16, 16], "up": "none", "skip": {"type": "coarse_gate"}}
    method: Literal["nearest", "linear"] = "linear"
    """How the weighed map is interpolated."""
    norm: NormField = Batch()
    """Norm before each convolution; the one of the spec unless given."""
    act: ActField = ReLU()
    """Activation before each convolution; the one of the spec unless given."""

    def wire(self, x: Signal, skip: Signal) -> Signal:  # type: ignore[override]  # it reads one map
        stride = stride_between(x, skip)
        if max(stride) == 1:
            message = "coarse_gate leads to the finer level itself, here a way up did before"
            raise wiring_error(message, "Use up: none.")
        key = self._read(skip, x.channels, "gate_encoder").max_pool(stride)
        query = self._read(x, x.channels, "gate_decoder").same_size_as(key)
        weight = query.add(key).norm(self.norm).act(self.act).conv(1, 1, bias=True, name="gate_weight")
        y = x.gate(weight).interpolate(stride, self.method)
        return y.same_size_as(skip).concat(skip)

    def _read(self, x: Signal, channels: int, name: str) -> Signal:
        """What the gate reads of a map."""
        return x.norm(self.norm).act(self.act).conv(channels, 3, bias=True, name=name)
