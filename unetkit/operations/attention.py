"""Self-attention over the samples of a map, all of them or those of a window.

The input has the queries, keys and values one after the other, each with as many channels as the output.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unetkit.geometry import Interval, Limit, Number, at_least, equal
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.operation import Axes, Layer, Operation, facts, volume, wiring_error
from unetkit.operations.strip import Strip

_QUERIES = ((768, 256), (192, 64), (0, 32))
"""Samples of a map from which on torch takes so many queries at a time on the CPU, of each thread.

Read off PyTorch's `aten/src/ATen/native/cpu/FlashAttentionKernel.cpp`.
"""
_KEYS = 512
"""Keys that it takes at a time."""
_ACCUMULATED = 4
"""Bytes of the numbers in which it sums."""


class AttentionOperation(Operation):
    """The family of operations that weigh values by the similarity of queries and keys (Vaswani et al., 2017)."""

    __slots__ = ()
    heads: int

    kind = "attention"
    mixes_axes = True
    pointwise = False
    makes_map = True
    gives_view = True

    def channels(self, inputs: Axes) -> int:
        if inputs[0] % (3 * self.heads):
            raise wiring_error(f"{inputs[0]} channels cannot be divided among 3 × {self.heads} heads")
        return inputs[0] // 3

    def gives_channels_last(self, source: MapShape, run: Execution) -> bool:
        return True


@facts
class GlobalAttention(AttentionOperation):
    """Every sample attends to all samples of the image."""

    heads: int

    is_global = True
    keeps_output = True

    def spatial(self) -> Operation:
        return GlobalAttention(1)

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return 2 * (inputs[0] // 3) * volume(output) ** 2

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        return self._tokens(source, run) + run.bytes(self.heads, source.size)  # and the sums of the softmax

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        samples = volume(source.size)
        queries = min(samples, next(most for least, most in _QUERIES if samples >= least))
        products = queries * min(samples, _KEYS)
        block = products + queries * (2 + result.channels // self.heads)
        forward = self.kept_bytes(source, result, run) + run.threads * block * _ACCUMULATED
        gradients = run.bytes(*source)
        backward = gradients + 2 * run.threads * products * _ACCUMULATED
        backward = max(backward, 2 * gradients) if run.channels_last else backward
        return Workspace(forward, backward, backward)

    def _tokens(self, source: MapShape, run: Execution) -> int:
        """Bytes of a copy of the input with its channels last, where they are not."""
        return 0 if run.channels_last else run.bytes(*source)

    def holds_inputs(self, run: Execution) -> bool:
        return run.channels_last  # else it keeps the copy

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.attend", (), {"heads": self.heads})


@facts
class CrossAttention(Operation):
    """Every sample attends to all samples of a second signal, which has keys and values one after the other."""

    heads: int

    kind = "attention"
    mixes_axes = True
    pointwise = False
    makes_map = True
    gives_view = True
    keeps_output = True
    keeps_input = True
    input_names = ("", "context")

    def spatial(self) -> Operation:
        return CrossAttention(1)

    def channels(self, inputs: Axes) -> int:
        if inputs[0] % self.heads:
            raise wiring_error(f"{inputs[0]} channels cannot be divided among {self.heads} heads")
        if inputs[1] != 2 * inputs[0]:
            raise wiring_error(f"queries of {inputs[0]} channels need keys and values of as many, here are {inputs[1]}")
        return inputs[0]

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        return (wanted, Interval(0, sizes[1] - 1))

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return 2 * inputs[0] * volume(output) * volume(sizes[1])

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        copied = 0 if run.channels_last else run.bytes(*source)
        return copied + run.bytes(self.heads, source.size)  # and the sums of the softmax

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        return Workspace(self.kept_bytes(source, result, run), 2 * run.bytes(*source), 2 * run.bytes(*source))

    def gives_channels_last(self, source: MapShape, run: Execution) -> bool:
        return True

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.attend_to", (), {"heads": self.heads})


@facts
class JointAttention(Operation):
    """The products of all queries and keys after one softmax over all pairs weigh the values (Fan et al., 2020).

    The first signal has the queries, then come keys and values. Each row of the result, the values of one sample, is
    read on as samples of a map.
    """

    kind = "attention"
    mixes_axes = True
    pointwise = False
    is_global = True
    makes_map = True
    gives_view = True
    keeps_input = True
    input_names = ("", "keys", "values")

    def channels(self, inputs: Axes) -> int:
        if inputs[0] != inputs[1]:
            raise wiring_error(f"queries of {inputs[0]} channels cannot be compared with keys of {inputs[1]}")
        return inputs[2]

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        return tuple(equal(size, sizes[0], "{} and {} samples meet") for size in sizes[1:])

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return (inputs[0] + inputs[2]) * volume(output) ** 2

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        return run.bytes(volume(source.size), source.size)  # the weights of all pairs

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        pairs = self.kept_bytes(source, result, run)
        gradients = 2 * run.bytes(*source) + run.bytes(*result)
        return Workspace(2 * pairs, 2 * pairs + gradients, 2 * pairs + gradients)

    def gives_channels_last(self, source: MapShape, run: Execution) -> bool:
        return False

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("functional.attend_jointly")


class _InWindows(AttentionOperation):
    """The family of operations in which every sample attends to those of its window.

    Windows begin at multiples of `window`, moved by `shift`; at the borders of a map windows are then smaller. Without
    `shift_lone` a window that covers the map along an axis is not moved along it.
    """

    __slots__ = ()
    window: Axes
    shift: Axes
    shift_lone: bool

    def period(self, axis: int) -> int:
        return self.window[axis]

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        window = self.window[axis]
        if window == 1:
            return ()
        rule = f"windows of {window} need a multiple of their size, here are {{0}} samples"
        return (equal(sizes[0] % window, 0, rule), at_least(sizes[0], window, rule))

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        window = self.window[axis]
        shift = self.shift[axis] if self.shift_lone or sizes[0] > window else 0
        first = (wanted.low - shift) // window * window + shift
        return (Interval(first, (wanted.high - shift) // window * window + shift + window - 1),)

    def strip(self, sizes: Axes) -> Strip | None:
        moved = self.shift[0] and (self.shift_lone or sizes[0] > self.window[0])
        return None if moved else Strip(self, per_row=1)

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        return 2 * (inputs[0] // 3) * volume(output) * volume(self.window)

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        return run.bytes(*source) + self._scores(source, run)

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        scores, moved = self._scores(source, run), run.bytes(*source) * any(self.shift)
        forward = run.bytes(*source) + run.bytes(*result) * (self.heads > 1) + 2 * scores + moved
        backward = 2 * scores + 2 * run.bytes(*source) + moved
        return Workspace(forward, backward, backward)

    def _scores(self, source: MapShape, run: Execution) -> int:
        """Bytes of the weights of all pairs in all windows."""
        return run.bytes(self.heads * volume(self.window), source.size)


@facts
class WindowedAttention(_InWindows):
    """Every sample attends to those of its window (Liu et al., 2021, arXiv:2103.14030).

    With `position_bias` a learned number for each head and offset is added before the softmax.
    """

    heads: int
    window: Axes
    shift: Axes
    position_bias: bool = True
    shift_lone: bool = True

    def spatial(self) -> Operation:
        return WindowedAttention(1, self.window, self.shift, shift_lone=self.shift_lone)

    def parameters(self, inputs: Axes) -> int:
        return self.heads * volume(tuple(2 * n - 1 for n in self.window)) * self.position_bias

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs: dict[str, Any] = {"shift": self.shift} if any(self.shift) else {}
        if not self.position_bias:
            kwargs["position_bias"] = False
        if any(self.shift) and not self.shift_lone:
            kwargs["shift_lone"] = False
        return Layer("functional.WindowAttention", (self.heads, self.window), kwargs, arg_names=("heads", "window"))


@facts
class CosineAttention(_InWindows):
    """Attention within windows by the cosine of queries and keys (Liu et al., 2022, arXiv:2111.09883).

    A learned number for each head multiplies the cosines. The numbers for the offsets come from a network of `hidden`
    units that reads the logarithms of the offsets. A window that covers the map is not moved.
    """

    heads: int
    window: Axes
    shift: Axes
    hidden: int = 512

    shift_lone = False

    def spatial(self) -> Operation:
        return CosineAttention(1, self.window, self.shift)

    def parameters(self, inputs: Axes) -> int:
        return self.heads + self.hidden * (len(self.window) + 1 + self.heads)

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        offsets = volume(tuple(2 * n - 1 for n in self.window))
        network = offsets * self.hidden * (len(self.window) + self.heads)
        return _InWindows.macs(self, inputs, sizes, output) + network

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs: dict[str, Any] = {"shift": self.shift} if any(self.shift) else {}
        if self.hidden != 512:
            kwargs["hidden"] = self.hidden
        return Layer("functional.CosineAttention", (self.heads, self.window), kwargs, arg_names=("heads", "window"))
