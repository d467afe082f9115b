"""What torch borrows on the CPU for a convolution, forwards and backwards, in bytes.

Read off PyTorch 2.6 to 2.14: `aten/src/ATen/native/Convolution.cpp` chooses between oneDNN, which copies input and
output into blocks of as many channels as a register of the processor holds, and a matrix product, which unfolds the
input.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from unetkit.operations.execution import Execution, MapShape, Workspace

_SMALL = 20_480
"""Numbers in an input up to which oneDNN's copies do not pay for a single image."""


def block_size() -> int:
    """Channels that oneDNN keeps together: 16 where the processor has AVX-512, else 8."""
    from unetkit.host import has_avx512

    return 16 if has_avx512() else 8


class ConvolutionRun(NamedTuple):
    """One convolution, transposed or not, of an input as the convolution itself sees it: padded where torch pads it."""

    kernel: tuple[int, ...]
    groups: int
    bias: bool
    transposed: bool
    plain: bool
    """Whether stride and dilation are 1."""
    input: MapShape
    output: MapShape
    run: Execution

    def workspace(self) -> Workspace:
        """What the convolution borrows, without the padded input."""
        if not self.uses_onednn:
            return self._unfolded()
        channels_last = self.run.channels_last and self.input.channels > 1 and len(self.input.size) > 1
        return self._direct() if channels_last else self._blocked()

    @property
    def uses_onednn(self) -> bool:
        """Whether torch computes it with oneDNN. In 3D, torch's own rule looks at the first two axes."""
        size = self.input.size
        plane, window = ((1, *values)[-2:] for values in (size, self.kernel))
        if self.run.threads == 1 and max(window) == 1 and self.plain and self.run.batch < 16:
            return False
        plane = size[:2] if len(size) == 3 else plane
        large = self.run.batch * self.input.channels * prod(plane) > _SMALL
        return self.groups > 1 or min(window) > 3 or self.run.batch > 1 or large

    def _fill_up(self, channels: int) -> int:
        """The channels, with those that fill the last block up."""
        return -(-channels // self.run.channel_block) * self.run.channel_block

    def _blocked(self) -> Workspace:
        """oneDNN: input, weights and output in blocks, and the copies back."""
        source, result = self.run.bytes(*self.input), self.run.bytes(*self.output)
        inputs, outputs = self._fill_up(self.input.channels), self._fill_up(self.output.channels)
        if self.transposed:
            first = self._weights(
                self.input.channels if self.input.channels < self.run.channel_block else inputs, outputs
            )
            rows = self.run.threads * self.input.channels * self.input.size[-1] * self.run.itemsize  # one per thread
            forward = max(source + first + rows, result * (1 + self.bias))
            if self.plain and self.groups == 1:  # then it runs on blocks, as a convolution does
                copies = self._in_blocks(self.input) + self._in_blocks(self.output) * (1 + self.bias)
                forward = copies + first - result
        else:
            first = self._weights(self.input.channels if self._is_flat else inputs, outputs)
            input_copy, output_copy = self._copies()
            forward = max(input_copy + first + output_copy - result, output_copy)
        weights = self._weights(inputs, outputs)
        third = self._in_blocks(self.output) + self._in_blocks(self.input) + weights  # the gradient of the weights
        backward = source + max(third, 2 * weights, self._in_blocks(self.input))
        return Workspace(forward, backward, max(third, 2 * weights))

    def _direct(self) -> Workspace:
        """oneDNN on channels last: the weights in its own order."""
        source = self.run.bytes(*self.input)
        weights = self._weights(self._fill_up(self.input.channels), self._fill_up(self.output.channels))
        return Workspace(weights + source * self.transposed, source + 3 * weights, 3 * weights)

    def _unfolded(self) -> Workspace:
        """The matrix product: the unfolded input of a convolution, or output of a transposed one."""
        source, weights = self.run.bytes(*self.input), self._weights(self.input.channels, self.output.channels)
        window, deep = prod(self.kernel), len(self.input.size) == 3
        if self.transposed:
            columns = self.run.bytes(self.output.channels * window, self.input.size)
            forward = columns + source * deep
        else:
            unfolded = self.run.bytes(self.input.channels * window, self.output.size)
            forward = unfolded * (window > 1)
            columns = unfolded * (window > 1 or deep)
        return Workspace(forward, source + weights + columns, weights + columns)

    @property
    def _is_flat(self) -> bool:
        """Whether oneDNN reads the few channels of the input as they are, forwards."""
        return self.groups == 1 and self.input.channels < self.run.channel_block and prod(self.kernel) > 1

    def _copies(self) -> tuple[int, int]:
        """Bytes of the copies of input and output, forwards."""
        source, result = self.run.bytes(*self.input), self.run.bytes(*self.output)
        if self.groups == 1:
            return (0 if self._is_flat else self._in_blocks(self.input)), self._in_blocks(self.output)
        if self.groups == self.input.channels == self.output.channels:
            if len(self.input.size) == 3:  # oneDNN has no depthwise convolution in blocks for 3D
                return source + result, result
            return self._in_blocks(self.input), self._in_blocks(self.output)
        return (0 if self.input.channels // self.groups % self.run.channel_block else source), result

    def _in_blocks(self, shape: MapShape) -> int:
        """Bytes of a feature map in blocks of channels."""
        return self.run.bytes(self._fill_up(shape.channels), shape.size)

    def _weights(self, inputs: int, outputs: int) -> int:
        """Bytes of the weights for these channels."""
        return max(1, inputs // self.groups) * outputs * prod(self.kernel) * self.run.itemsize
