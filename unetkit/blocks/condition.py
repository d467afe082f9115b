"""Blocks that bring a vector among the inputs, such as a time or a class, into the feature maps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unetkit.block import Block
from unetkit.blocks.act import Identity
from unetkit.blocks.fields import OwnAct
from unetkit.operations import Sinusoids
from unetkit.operations.operation import wiring_error
from unetkit.signal import Signal


class Film(Block):
    """Scales and shifts each channel by what a 1×1 convolution computes from a vector: x · (1 + scale) + shift.

    Put after a norm without affine weights it is an adaptive norm. It keeps the channels.
    """

    source = "Perez et al., 2018, arXiv:1709.07871"
    example = {
        "inputs": {"time": {"channels": 1, "vector": True}},
        "block": ["double_conv", {"type": "film", "condition": "time"}],
    }
    condition: str
    """The vector, by its name among the inputs."""
    scale: bool = True
    """Whether channels are scaled; without it they are only shifted, as in Ho et al., 2020, arXiv:2006.11239."""
    act: OwnAct = Identity()
    """Activation of the vector before the convolution; none unless given."""

    def wire(self, x: Signal, channels: int) -> Signal:
        if x.channels != channels:
            raise wiring_error(
                f"film keeps the {x.channels} channels of its input, here are {channels} asked for",
                "Put it after a block that has the channels.",
            )
        return modulated(x, x.condition(self.condition).act(self.act), scale=self.scale)


def modulated(x: Signal, vector: Signal, *, scale: bool) -> Signal:
    """Returns x with its channels shifted, and with `scale` first scaled, by 1×1 convolutions of a vector."""
    if scale:
        x = x.add(x.gate(vector.conv(x.channels, 1, name="scale"), whole=True))
    return x.shift(vector.conv(x.channels, 1, name="shift"))


class Sinusoidal(Block):
    """Sines and cosines of a number, such as a time step, at frequencies from 1 to 1 / `longest`."""

    source = "Vaswani et al., 2017, arXiv:1706.03762"
    example = {
        "inputs": {"time": {"channels": 1, "vector": True, "width": 32, "embed": {"type": "sinusoidal"}}},
        "block": ["double_conv", {"type": "film", "condition": "time"}],
    }
    longest: Annotated[float, Field(gt=1, le=1e9)] = 10_000.0
    """The inverse of the frequency that the lowest one comes to."""
    reaches_longest: bool = False
    """Whether the lowest frequency is 1 / `longest`, as in Ho et al., 2020, or one step before it."""
    first: Literal["sines", "cosines"] = "sines"
    """Which come first in the channels."""

    def wire(self, x: Signal, channels: int) -> Signal:
        return x.apply(Sinusoids(channels, self.longest, self.reaches_longest, self.first == "cosines"))
