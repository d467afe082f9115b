"""A torch module as one operation of the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from unetkit.geometry import EVERYWHERE, Grid, Interval, Limit, Number, at_least, equal
from unetkit.operations.operation import Axes, Layer, Operation, facts, volume
from unetkit.wrapping.facts import ModuleFacts


@facts
class ModuleOperation(Operation):
    """The base of operations that are torch modules: `out` channels, facts per axis, and the number of weights.

    `counted` gives the multiply-adds for the sizes of its inputs.
    """

    out: int
    axes: tuple[ModuleFacts, ...]
    weights: int
    counted: Callable[[tuple[Axes, ...]], int]

    kind = "module"
    pointwise = False
    makes_map = True
    keeps_input = True
    keeps_output = True
    measured = True

    @property
    def title(self) -> str:
        """What messages and drawings call the module."""
        raise NotImplementedError

    def _values(self) -> dict[str, Any]:
        return {name: value for name, value in Operation._values(self).items() if name != "counted"}  # a function

    @property
    def rescales(self) -> bool:  # type: ignore[override]  # a fact of the class for most others
        return any(axis.stride != axis.scale for axis in self.axes)

    @property
    def is_global(self) -> bool:  # type: ignore[override]  # a fact of the class for most others
        return any(axis.is_global for axis in self.axes)

    def channels(self, inputs: Axes) -> int:
        return self.out

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        own = self.axes[axis]
        return own.scale * ((sizes[0] + own.offset) // own.stride) + own.extra

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        own, name = self.axes[axis], self.title
        for other in sizes[1:]:
            yield equal(other, sizes[0], f"{name} takes signals of one size, here are {{0}} and {{1}}")
        if own.least > 1:
            yield at_least(sizes[0], own.least, f"{name} needs at least {own.least} samples, here are {{0}}")
        if own.multiple > 1:
            rule = f"{name} needs a multiple of {own.multiple} samples, here are {{0}}"
            yield equal(sizes[0] % own.multiple, 0, rule, "size-multiple")

    def dropped(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return max(0, self._left(axis, sizes))

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (at_least(0, self._left(axis, sizes), "samples are dropped"),)

    def _left(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        """Samples of the input beyond the reach of the last output."""
        own = self.axes[axis]
        if own.is_global or own.stride == 1 or own.scale > 1:
            return 0
        last = self.size(axis, sizes) - 1
        return sizes[0] - 1 - (last * own.stride + own.after)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        own = self.axes[axis]
        if own.is_global or not wanted.bounded:
            return (EVERYWHERE,) * len(sizes)
        low, high = (position * own.stride // own.scale for position in wanted)
        return (Interval(low - own.before, high + own.after),) * len(sizes)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        own, first = self.axes[axis], grids[0]
        centre = Fraction(own.after - own.before, 2) if not own.is_global else Fraction(own.stride - 1, 2)
        centre -= Fraction(own.scale - 1, 2 * own.scale)
        return Grid(first.start + centre * first.step, first.step * own.stride / own.scale)

    def parameters(self, inputs: Axes) -> int:
        return self.weights

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return self.counted(sizes) if volume(output) else 0

    def rescale(self, axis: int) -> tuple[int, int]:
        return (self.axes[axis].stride, self.axes[axis].scale)

    def alike(self, axis: int, other: int) -> bool:
        return self.axes[axis] == self.axes[other]

    def label(self) -> str:
        return f"{self.title}{' (measured)' if self.measured else ''}"


@facts
class Wrapped(ModuleOperation):
    """A torch module with its constructor `arguments`."""

    module: Any
    arguments: dict[str, Any]
    declared: bool = False

    mask_bytes = 16  # a guess: four maps inside

    @property
    def title(self) -> str:
        return str(self.module.__name__)

    @property
    def measured(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return not self.declared

    def spatial(self) -> Operation:
        return replace(self, arguments={}, out=1, weights=0)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer(self.module.__qualname__, (), self.arguments, self.module.__module__)

    def import_layer(self, layer: Layer) -> Any:
        return self.module
