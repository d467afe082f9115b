"""Operations on several signals: make their sizes equal, then concatenate, add or multiply."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from unetkit.geometry import Affine, Grid, Interval, Limit, Number, at_least, equal
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.operation import Axes, Layer, Operation, facts, wiring_error
from unetkit.operations.resampling import torch_mode
from unetkit.operations.strip import Strip
from unetkit.operations.taps import Resize
from unetkit.wording import listed


class Elementwise(Operation):
    """The family of operations on several signals whose sizes must be equal."""

    __slots__ = ()
    pointwise = False
    elementwise = True

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return tuple(equal(size, sizes[0], "{} and {} samples meet") for size in sizes[1:])


@facts
class Concatenation(Elementwise):
    """The channels of all inputs, one after the other."""

    kind = "concat"
    makes_map = True
    passes_gradient = True

    def channels(self, inputs: Axes) -> int:
        return sum(inputs)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("torch.cat", (), {"dim": 1}, joins=True)


@facts
class Addition(Elementwise):
    """The sum of signals with the same channels and sizes; nothing is broadcast."""

    kind = "add"
    makes_map = True
    passes_gradient = True

    def channels(self, inputs: Axes) -> int:
        if len(set(inputs)) > 1:
            raise wiring_error(f"signals of {listed(inputs, last=' and ')} channels cannot be added")
        return inputs[0]

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.add")


@facts
class Gate(Operation):
    """A signal times a gate: of one channel or as many, of the same sizes or (`whole`) of one sample per channel."""

    whole: bool = False

    kind = "gate"
    pointwise = False
    makes_map = True
    keeps_input = True
    holds_product = True
    input_names = ("", "weights")

    @property
    def elementwise(self) -> bool:  # type: ignore[override]  # a fact of the class for all others
        return not self.whole

    def channels(self, inputs: Axes) -> int:
        if inputs[1] not in (1, inputs[0]):
            raise wiring_error(f"a gate of {inputs[1]} channels does not fit a signal of {inputs[0]}")
        return inputs[0]

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        if self.whole:
            return (equal(sizes[1], 1, "a gate for the whole image has one sample, this one has {1}"),)
        return (equal(sizes[1], sizes[0], "{} and {} samples meet"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (wanted, Interval(0, 0) if self.whole else wanted)

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.gate_image" if self.whole else "functional.gate")


class _ByOneSample(Operation):
    """The family of operations whose second signal has one sample, for the whole image."""

    __slots__ = ()
    pointwise = False
    makes_map = True
    rule: ClassVar[str]
    """What a second signal of more samples breaks."""

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (equal(sizes[1], 1, self.rule),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (wanted, Interval(0, 0))

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self)


@facts
class ClassMask(_ByOneSample):
    """A signal where the most likely class of the whole image is not class 0, and zeros otherwise.

    The second signal has a value for each class. The class that is chosen counts alone: no gradient reaches the values.
    """

    kind = "class gate"
    rule = "a class of the whole image has one sample, this one has {1}"
    size_inputs = 1  # no gradient reaches the second
    input_names = ("", "classes")

    def channels(self, inputs: Axes) -> int:
        if inputs[1] < 2:
            raise wiring_error("one class is always the most likely", "Give the head of the classes channels: 2.")
        return inputs[0]

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.mask_by_class")


@facts
class Shift(_ByOneSample):
    """A signal plus a vector: one value per channel, for the whole image."""

    kind = "shift"
    rule = "a shift has one sample per channel, this one has {1}"
    input_names = ("", "shift")

    def channels(self, inputs: Axes) -> int:
        if inputs[1] != inputs[0]:
            raise wiring_error(f"a shift of {inputs[1]} channels does not fit a signal of {inputs[0]}")
        return inputs[0]

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.shift")


@facts
class AbsoluteDifference(Elementwise):
    """The absolute difference of two signals with the same channels and sizes."""

    kind = "difference"
    makes_map = True
    keeps_input = True

    def channels(self, inputs: Axes) -> int:
        if inputs[0] != inputs[1]:
            raise wiring_error(f"signals of {inputs[0]} and {inputs[1]} channels have no difference")
        return inputs[0]

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.absolute_difference")


@facts
class MaxUnpooling(Operation):
    """Each sample of the first signal where the second is largest under its window, zeros elsewhere.

    The second is the map as it was before a max pooling whose window and stride are `factor`. The places of its maxima
    count alone: no gradient reaches it.
    """

    factor: Axes

    kind = "unpool"
    mixes_axes = True  # of equal values the first is the largest
    pointwise = False
    rescales = True
    makes_map = True
    keeps_input = True
    size_inputs = 1  # no gradient reaches the second
    input_names = ("", "skip")

    def channels(self, inputs: Axes) -> int:
        if inputs[0] != inputs[1]:
            raise wiring_error(f"{inputs[0]} channels cannot be unpooled by the maxima of {inputs[1]}")
        return inputs[0]

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return sizes[1]

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (equal(sizes[0], sizes[1] // self.factor[axis], "{0} samples do not come from pooling {1}"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        factor = self.factor[axis]
        first, last = wanted.low // factor, wanted.high // factor
        return (Interval(first, last), Interval(first * factor, last * factor + factor - 1))

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[1]

    def rescale(self, axis: int) -> tuple[int, int]:
        return (1, self.factor[axis])

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, per_row=self.factor[0])

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.max_unpool", (), {"factor": self.factor})


class _SizedLike(Operation):
    """The family of operations that bring the first signal to the size of the second."""

    __slots__ = ()
    pointwise = False
    size_inputs = 1

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return sizes[1]

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self)


@facts
class SameSize(_SizedLike):
    """The first signal, unchanged; refused where the second has another size."""

    kind = "same size"
    is_view = True
    passes_gradient = True

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (equal(sizes[0], sizes[1], "encoder is {1}, decoder is {0}"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (wanted, None)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.same_size")


@facts
class CropTo(_SizedLike):
    """The centre of the first signal, in the size of the second; the odd sample is cut at the far end."""

    kind = "crop"
    is_view = True

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (
            at_least(sizes[0], sizes[1], "a crop to {1} needs at least as many samples, here are {0}", "size-mismatch"),
        )

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        before = (sizes[0] - sizes[1]) // 2
        return (Interval(wanted.low + before, wanted.high + before), None)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].shifted((sizes[0] - sizes[1]) // 2)

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        # one gradient for each axis that is cut, from the last axis to the first
        return Workspace(backward=run.bytes(*source) + run.bytes(result.channels, (result.size[0], *source.size[1:])))

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.crop_to")


@facts
class TrimTo(_SizedLike):
    """The first samples of the first signal, as many as the second has."""

    kind = "trim"
    is_view = True

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (at_least(sizes[0], sizes[1], "the first {1} samples are wanted, here are {0}", "size-mismatch"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (wanted, None)

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        return Workspace(backward=run.bytes(*source))

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.trim_to")


@facts
class PadTo(_SizedLike):
    """The first signal with zeros around it, in the size of the second; the odd zero goes to the far end.

    `replicate` repeats the first and last samples in place of zeros.
    """

    mode: str = "zeros"

    kind = "pad"

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (
            at_least(sizes[1], sizes[0], "a pad to {1} needs at most as many samples, here are {0}", "size-mismatch"),
        )

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        before, last = (sizes[1] - sizes[0]) // 2, sizes[0] - 1
        low, high = wanted.low - before, wanted.high - before
        bounds: tuple[object, ...] = (low, high, last)  # of a family of sizes they are no numbers
        if self.mode == "replicate" and all(isinstance(bound, int) for bound in bounds):
            low, high = min(max(low, 0), last), min(max(high, 0), last)
        return (Interval(low, high), None)

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        return grids[0].shifted(-((sizes[1] - sizes[0]) // 2))

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, self.mode, reads=PadTo())

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.pad_to", (), {} if self.mode == "zeros" else {"mode": self.mode})


@facts
class ResizeTo(_SizedLike):
    """The first signal, interpolated to the size of the second."""

    method: str

    kind = "resize"

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return (equal(sizes[1], sizes[0], "samples are made"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (Resize(self.method, sizes[0], sizes[1]).needs(wanted), None)

    def stretches(self, axis: int, sizes: Axes) -> bool:
        return sizes[0] != sizes[1]

    def dropped(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        return sizes[1] - sizes[0]

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        before, after = sizes[0], sizes[1]
        if before == after or isinstance(before, Affine) or isinstance(after, Affine):  # a family is aligned
            return grids[0]
        step = grids[0].step * before / after
        return Grid(grids[0].start + (step - grids[0].step) / 2, step)

    def resize(self, sizes: Axes) -> Resize:
        """How it interpolates along the first axis."""
        return Resize(self.method, sizes[0], sizes[1])

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, "none", kind="taps") if sizes[0] != sizes[1] else Strip(self)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.resize_to", (), {"mode": torch_mode(self.method, dims)})
