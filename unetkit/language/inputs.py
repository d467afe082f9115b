"""Named inputs: images, which are groups of the image's channels, vectors, and sequences of tokens."""

from __future__ import annotations

from unetkit.block import Component, Count
from unetkit.operations import ChannelRange, Tokens, VectorInput
from unetkit.signal import Signal


class ImageInput(Component):
    """One of the images that the channels of the input hold, one after the other."""

    slot = "input"
    start: int
    channels: Count

    def wire(self, x: Signal) -> Signal:
        """The image."""
        return x.apply(ChannelRange(self.start, self.channels))


class Vector(Component):
    """A vector beside the image."""

    slot = "input"
    channels: Count

    def wire(self, x: Signal) -> Signal:
        """The vector, with one sample per axis."""
        return x.apply(VectorInput(self.channels))


class TokenSequence(Component):
    """The values of a vector as a sequence of tokens."""

    slot = "input"
    count: Count

    def wire(self, x: Signal) -> Signal:
        """The sequence, along the first axis."""
        return x.apply(Tokens(self.count))


INPUT_TYPES: dict[type[Component], str] = {ImageInput: "image", Vector: "vector", TokenSequence: "tokens"}
"""What messages and tables call them."""
