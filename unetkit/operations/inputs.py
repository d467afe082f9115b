"""Inputs beside the whole image: some of its channels, vectors, and what is computed from a number."""

from __future__ import annotations

from collections.abc import Iterable

from unetkit.geometry import Interval, Limit, Number, equal
from unetkit.operations.operation import Axes, Layer, Operation, facts, wiring_error


@facts
class ChannelRange(Operation):
    """Some of the channels of a signal, from `start` on."""

    start: int
    count: int

    kind = "channels"
    is_view = True

    def channels(self, inputs: Axes) -> int:
        if inputs[0] < self.start + self.count:
            raise wiring_error(f"there are no channels {self.start} to {self.start + self.count - 1} of {inputs[0]}")
        return self.count

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.channel_range", (), {"start": self.start, "count": self.count})


@facts
class VectorInput(Operation):
    """A further input of the network with one sample per axis; it reads nothing of the image."""

    count: int

    kind = "vector"
    pointwise = False
    is_view = True
    is_input = True

    def channels(self, inputs: Axes) -> int:
        return self.count

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return 1

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return ()

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (None,)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("input", (self.count,))


@facts
class Tokens(Operation):
    """The numbers of a vector as a sequence: a map with `count` samples along the first axis, and one along the others.

    The vector has the channels of the first token, then those of the next.
    """

    count: int

    kind = "tokens"
    pointwise = False
    is_view = True

    def channels(self, inputs: Axes) -> int:
        if inputs[0] % self.count:
            raise wiring_error(f"{inputs[0]} values cannot be divided among {self.count} tokens")
        return inputs[0] // self.count

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return 1 if axis else self.count

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (equal(sizes[0], 1, "tokens are made of a vector, this map has {} samples"),)

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return ()

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (Interval(0, 0),)

    def alike(self, axis: int, other: int) -> bool:
        return bool(axis) == bool(other)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.tokens", (), {"count": self.count})


@facts
class Sinusoids(Operation):
    """Sines and cosines of each channel at frequencies from 1 to 1 / `longest` (Vaswani et al., 2017)."""

    out: int
    longest: float = 10_000.0
    reaches_longest: bool = False
    cosines_first: bool = False

    kind = "sinusoids"
    makes_map = True

    def channels(self, inputs: Axes) -> int:
        if self.out % (2 * inputs[0]):
            message = f"sinusoids turn {inputs[0]} channels into a multiple of {2 * inputs[0]}, not {self.out}"
            raise wiring_error(message, "Choose the channels that they are asked for.")
        return self.out

    def layer(self, inputs: Axes, dims: int) -> Layer:
        options = {name: True for name in ("reaches_longest", "cosines_first") if getattr(self, name)}
        return Layer("functional.sinusoids", (), {"channels": self.out, "longest": self.longest, **options})
