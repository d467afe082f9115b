"""What convolutions and poolings share: the arithmetic of a sliding window (Dumoulin & Visin, arXiv:1603.07285)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from unetkit.geometry import Grid, Interval, Limit, Number, at_least
from unetkit.operations.operation import Axes, Operation, compact


class WindowedOperation(Operation):
    """The family of operations with a window; n samples become floor((n + 2·padding − span) / stride) + 1."""

    __slots__ = ()
    kernel: Axes
    stride: Axes
    padding: Axes

    pointwise = False
    makes_map = True
    keeps_input = True

    @property
    def rescales(self) -> bool:  # type: ignore[override]  # a fact of the class for most others
        return max(self.stride) > 1

    def span(self, axis: int) -> int:
        """Samples from the first to the last under a window."""
        return self.kernel[axis]

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return self._room(axis, sizes[0]) // self.stride[axis] + 1

    def _room(self, axis: int, size: Number) -> Number:
        """Steps that the window can take at stride 1."""
        return size + (2 * self.padding[axis] - self.span(axis))

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        least = self.span(axis) - 2 * self.padding[axis]
        return (at_least(sizes[0], least, window_rule(self.span(axis), least)),) if least > 1 else ()

    def dropped(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return max(0, self._room(axis, sizes[0]) % self.stride[axis] - self._spare(axis))

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if self.stride[axis] == 1:
            return ()
        rest = self._room(axis, sizes[0]) % self.stride[axis]
        return (at_least(self._spare(axis), rest, "samples are dropped"),)

    def _spare(self, axis: int) -> int:
        """Samples beyond the last window that are no loss: padding, or what no window ever covers."""
        return self.padding[axis] + max(0, self.stride[axis] - self.span(axis))

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        stride, padding = self.stride[axis], self.padding[axis]
        return (Interval(wanted.low * stride - padding, wanted.high * stride - padding + self.span(axis) - 1),)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].window(self.span(axis), self.stride[axis], self.padding[axis])

    def rescale(self, axis: int) -> tuple[int, int]:
        return (self.stride[axis], 1)

    def label(self) -> str:
        return f"{self.kind} {'×'.join(map(str, self.kernel))}"


@cache
def window_rule(span: int, least: int) -> str:
    """The rule that a window of `span` samples has enough of them."""
    return f"a window of {span} needs at least {least} samples, here are {{0}}"


def window_arguments(
    stride: Axes, padding: Axes, dilation: Axes, *, groups: int = 1, bias: bool = True
) -> dict[str, Any]:
    """The arguments of a torch window that differ from torch's defaults."""
    kwargs: dict[str, Any] = {}
    if any(value != 1 for value in stride):
        kwargs["stride"] = compact(stride)
    if any(padding):
        kwargs["padding"] = compact(padding)
    if any(value != 1 for value in dilation):
        kwargs["dilation"] = compact(dilation)
    if groups != 1:
        kwargs["groups"] = groups
    if not bias:
        kwargs["bias"] = False
    return kwargs
