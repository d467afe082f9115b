"""What torch borrows on the CPU while one operation runs, forwards and backwards, in bytes.

Read off PyTorch 2.6 to 2.14: `aten/src/ATen/native/Convolution.cpp` chooses between oneDNN, which copies what goes into
and comes out of a convolution into blocks of eight channels, and a plain matrix product, which unfolds the input.
"""

from __future__ import annotations

from typing import NamedTuple

from unetkit.operations import BatchNorm, ChannelNorm, Conv, CropTo, Gate, InstanceNorm, Operation, TransposedConv
from unetkit.operations.operation import Axes, volume

BLOCK = 8  # channels that oneDNN keeps together
SMALL = 20_480  # numbers in the input up to which one image is not worth oneDNN's copies


class Map(NamedTuple):
    """A feature map: its channels and its size along each axis."""

    channels: int
    size: Axes


class Run(NamedTuple):
    """How a network runs: images at once, bytes per number, and threads."""

    batch: int = 1
    itemsize: int = 4
    threads: int = 2

    def bytes(self, channels: int, size: Axes) -> int:
        """Returns the bytes of a feature map."""
        return self.batch * channels * volume(size) * self.itemsize

    def blocked(self, channels: int, size: Axes) -> int:
        """Returns the bytes of a feature map in oneDNN's blocks."""
        return self.bytes(-(-channels // BLOCK) * BLOCK, size)


class Work(NamedTuple):
    """Bytes at the peak of one operation: `forward` beside its inputs and its output; `backward` with the gradients of
    its inputs among them; `weights` where the gradient of its input is not wanted."""

    forward: int = 0
    backward: int = 0
    weights: int = 0


def work(operation: Operation, taken: Map, given: Map, run: Run) -> Work:
    """Returns what an operation borrows for an input and an output."""
    source = run.bytes(*taken)
    if isinstance(operation, Conv | TransposedConv):
        return convolution_work(operation, taken, given, run)
    if isinstance(operation, CropTo):
        # One gradient for each axis that is cut, from the last axis to the first.
        return Work(0, source + run.bytes(given.channels, (given.size[0], *taken.size[1:])))
    if isinstance(operation, ChannelNorm):
        return Work(source, 2 * source, 2 * source)  # a copy with the channels last
    if isinstance(operation, BatchNorm | InstanceNorm | Gate) or getattr(operation, "name", "") == "PReLU":
        return Work(0, 2 * source, 2 * source)  # a product, before it is summed to the gradient of weights or of a gate
    return Work(0, source)


def convolution_work(operation: Conv | TransposedConv, taken: Map, given: Map, run: Run) -> Work:
    """Returns what a convolution borrows, with the padding of its input where it does not make that by itself."""
    bordered = padded(operation, taken)
    compute = blocked_work if uses_onednn(operation, bordered, run) else unfolded_work
    found = compute(operation, bordered, given, run)
    border = padded_kept(operation, taken, run)
    return Work(found.forward + border, max(found.backward, border + run.bytes(*taken)), found.weights)


def padded(operation: Conv | TransposedConv, taken: Map) -> Map:
    """Returns the input as the convolution itself sees it: with a border that it did not make, where there is one."""
    if isinstance(operation, Conv) and operation.padding_mode != "zeros":
        return Map(taken.channels, tuple(n + 2 * p for n, p in zip(taken.size, operation.padding, strict=True)))
    return taken


def padded_kept(operation: Operation, taken: Map, run: Run) -> int:
    """Returns the bytes of the padded input, which the backward pass needs beside the input itself."""
    if isinstance(operation, Conv) and operation.padding_mode != "zeros" and any(operation.padding):
        return run.bytes(*padded(operation, taken))
    return 0


def uses_onednn(operation: Conv | TransposedConv, taken: Map, run: Run) -> bool:
    """Whether torch computes a convolution with oneDNN; its own rule, which looks at the first two axes in 3D."""
    plane, window = ((1, *values)[-2:] for values in (taken.size, operation.kernel))
    dilated = isinstance(operation, Conv) and max(operation.dilation) > 1
    if run.threads == 1 and max(window) == 1 and not (max(operation.stride) > 1 or dilated or run.batch >= 16):
        return False
    plane = taken.size[:2] if len(taken.size) == 3 else plane
    large = run.batch * taken.channels * volume(plane) > SMALL
    return operation.groups > 1 or min(window) > 3 or run.batch > 1 or large


def blocked_work(operation: Conv | TransposedConv, taken: Map, given: Map, run: Run) -> Work:
    """Returns what oneDNN borrows: its input, weights and output in blocks, and the copies back.

    Fewer channels than a block has are read as they are, forwards.
    """
    source, result = run.bytes(*taken), run.bytes(*given)
    inside, outside = run.blocked(*taken), run.blocked(*given)
    many, results = (-(-channels // BLOCK) * BLOCK for channels in (taken.channels, given.channels))
    read = taken.channels if taken.channels < BLOCK else many
    first = kernel_bytes(operation, read, results, run)
    if isinstance(operation, TransposedConv):
        rows = run.threads * taken.channels * taken.size[-1] * run.itemsize  # each thread holds one
        forward = max(source + first + rows, result * (1 + operation.bias))
    else:
        forward = max(inside * (read == many) + first + outside - result, outside)
    weights = kernel_bytes(operation, many, results, run)
    third = outside + inside + weights  # for the gradient of the weights, beside that of the input
    return Work(forward, source + max(third, 2 * weights, inside), max(third, 2 * weights))


def unfolded_work(operation: Conv | TransposedConv, taken: Map, given: Map, run: Run) -> Work:
    """Returns what the plain product borrows: the unfolded input of a convolution, or output of a transposed one."""
    source, weights = run.bytes(*taken), kernel_bytes(operation, taken.channels, given.channels, run)
    cover = volume(operation.kernel)
    if isinstance(operation, TransposedConv):
        columns = run.bytes(given.channels * cover, taken.size)
        forward = columns + source * (len(taken.size) == 3)
    else:
        columns = 0 if cover == 1 else run.bytes(taken.channels * cover, given.size)
        forward = columns
    return Work(forward, source + weights + columns, weights + columns)


def kernel_bytes(operation: Conv | TransposedConv, inputs: int, outputs: int, run: Run) -> int:
    """Returns the bytes of a convolution's weights for so many channels."""
    return max(1, inputs // operation.groups) * outputs * volume(operation.kernel) * run.itemsize
