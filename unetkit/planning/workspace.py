"""What torch borrows on the CPU while one operation runs, forwards and backwards, in bytes.

Read off PyTorch 2.6 to 2.14: `aten/src/ATen/native/Convolution.cpp` chooses between oneDNN, which copies what goes into
and comes out of a convolution into blocks of channels, as many as a register of the processor holds, and a plain matrix
product, which unfolds the input.
"""

from __future__ import annotations

from typing import NamedTuple

from unetkit.host import has_avx512
from unetkit.operations import (
    BatchNorm,
    ChannelNormalization,
    Convolution,
    CropTo,
    Gate,
    InstanceNorm,
    Operation,
    TransposedConvolution,
)
from unetkit.operations.operation import Axes, volume

SMALL = 20_480  # numbers in the input up to which one image is not worth oneDNN's copies


def block() -> int:
    """Returns how many channels oneDNN keeps together: 16 where the processor has AVX-512, else 8."""
    return 16 if has_avx512() else 8


def in_blocks(channels: int) -> int:
    """Returns the channels with those that fill the last block up."""
    return -(-channels // block()) * block()


class MapShape(NamedTuple):
    """A feature map: its channels and its size along each axis."""

    channels: int
    size: Axes


class Execution(NamedTuple):
    """How a network runs: images at once, bytes per number, threads, and the order of images and weights in memory."""

    batch: int = 1
    itemsize: int = 4
    threads: int = 2
    """They count where there is one: torch then computes 1×1 convolutions without copies."""
    channels_last: bool = False
    """As training and prediction put them, which needs less, where the plan's `channels_last` says so."""

    def bytes(self, channels: int, size: Axes) -> int:
        """Returns the bytes of a feature map."""
        return self.batch * channels * volume(size) * self.itemsize

    def blocked(self, channels: int, size: Axes) -> int:
        """Returns the bytes of a feature map in oneDNN's blocks."""
        return self.bytes(in_blocks(channels), size)


class Work(NamedTuple):
    """Bytes at the peak of one operation: `forward` beside its inputs and its output; `backward` with the gradients of
    its inputs among them; `weights` where the gradient of its input is not wanted."""

    forward: int = 0
    backward: int = 0
    weights: int = 0


def gives_channels_last(operation: Operation, taken: MapShape, run: Execution) -> bool:
    """Whether an output has all channels of a sample together in memory: there oneDNN needs no copies.

    So it is with the image, or from a norm over the channels on, until an operation ends it.
    """
    if isinstance(operation, ChannelNormalization):
        return True
    if isinstance(operation, Convolution | TransposedConvolution):
        ends = len(taken.size) == 1 or not uses_onednn(operation, padded(operation, taken), run)
        return run.channels_last and not ends
    return run.channels_last and not operation.channels_first


def work(operation: Operation, taken: MapShape, given: MapShape, run: Execution) -> Work:
    """Returns what an operation borrows for an input and an output; `run` says how the input lies in memory."""
    source = run.bytes(*taken)
    if isinstance(operation, Convolution | TransposedConvolution):
        return convolution_work(operation, taken, given, run)
    if isinstance(operation, CropTo):
        # One gradient for each axis that is cut, from the last axis to the first.
        return Work(0, source + run.bytes(given.channels, (given.size[0], *taken.size[1:])))
    if isinstance(operation, ChannelNormalization):
        copy = source * (not run.channels_last)
        return Work(copy + moments(taken, run), source + copy, source + copy)
    if isinstance(operation, BatchNorm | InstanceNorm | Gate) or getattr(operation, "name", "") == "PReLU":
        return Work(0, 2 * source, 2 * source)  # a product, before it is summed to the gradient of weights or of a gate
    return Work(0, source)


def convolution_work(
    operation: Convolution | TransposedConvolution, taken: MapShape, given: MapShape, run: Execution
) -> Work:
    """Returns what a convolution borrows, with the padding of its input where it does not make that by itself."""
    bordered = padded(operation, taken)
    if not uses_onednn(operation, bordered, run):
        compute = unfolded_work
    else:
        ready = run.channels_last and taken.channels > 1 and len(taken.size) > 1
        compute = direct_work if ready else blocked_work
    found = compute(operation, bordered, given, run)
    border = padded_kept(operation, taken, run)
    if run.channels_last and len(taken.size) == 1:  # read from a copy
        border += run.bytes(*taken)
    return Work(found.forward + border, max(found.backward, border + run.bytes(*taken)), found.weights)


def moments(taken: MapShape, run: Execution) -> int:
    """Returns the bytes of the mean and the deviation of each sample, which a norm over the channels keeps."""
    return 2 * run.bytes(1, taken.size)


def padded(operation: Convolution | TransposedConvolution, taken: MapShape) -> MapShape:
    """Returns the input as the convolution itself sees it: with a border that it did not make, where there is one."""
    if isinstance(operation, Convolution) and operation.padding_mode != "zeros":
        return MapShape(taken.channels, tuple(n + 2 * p for n, p in zip(taken.size, operation.padding, strict=True)))
    return taken


def padded_kept(operation: Operation, taken: MapShape, run: Execution) -> int:
    """Returns the bytes of the padded input, which the backward pass needs beside the input itself."""
    if isinstance(operation, Convolution) and operation.padding_mode != "zeros" and any(operation.padding):
        return run.bytes(*padded(operation, taken))
    return 0


def uses_onednn(operation: Convolution | TransposedConvolution, taken: MapShape, run: Execution) -> bool:
    """Whether torch computes a convolution with oneDNN; its own rule, which looks at the first two axes in 3D."""
    plane, window = ((1, *values)[-2:] for values in (taken.size, operation.kernel))
    dilated = isinstance(operation, Convolution) and max(operation.dilation) > 1
    if run.threads == 1 and max(window) == 1 and not (max(operation.stride) > 1 or dilated or run.batch >= 16):
        return False
    plane = taken.size[:2] if len(taken.size) == 3 else plane
    large = run.batch * taken.channels * volume(plane) > SMALL
    return operation.groups > 1 or min(window) > 3 or run.batch > 1 or large


def blocked_work(
    operation: Convolution | TransposedConvolution, taken: MapShape, given: MapShape, run: Execution
) -> Work:
    """Returns what oneDNN borrows: its input, weights and output in blocks, and the copies back."""
    source, result = run.bytes(*taken), run.bytes(*given)
    many, results = in_blocks(taken.channels), in_blocks(given.channels)
    if isinstance(operation, TransposedConvolution):
        first = kernel_bytes(operation, taken.channels if taken.channels < block() else many, results, run)
        rows = run.threads * taken.channels * taken.size[-1] * run.itemsize  # each thread holds one
        forward = max(source + first + rows, result * (1 + operation.bias))
    else:
        first = kernel_bytes(operation, taken.channels if is_flat(operation, taken) else many, results, run)
        inside, outside = copies(operation, taken, given, run)
        forward = max(inside + first + outside - result, outside)
    weights = kernel_bytes(operation, many, results, run)
    inside, outside = run.blocked(*taken), run.blocked(*given)
    third = outside + inside + weights  # for the gradient of the weights, beside that of the input
    return Work(forward, source + max(third, 2 * weights, inside), max(third, 2 * weights))


def direct_work(
    operation: Convolution | TransposedConvolution, taken: MapShape, given: MapShape, run: Execution
) -> Work:
    """Returns what oneDNN borrows where channels come last: the weights in its own order."""
    source = run.bytes(*taken)
    weights = kernel_bytes(operation, in_blocks(taken.channels), in_blocks(given.channels), run)
    forward = weights + source * isinstance(operation, TransposedConvolution)
    return Work(forward, source + 3 * weights, 3 * weights)


def is_flat(operation: Convolution, taken: MapShape) -> bool:
    """Whether oneDNN reads the few channels of an input as they are, forwards."""
    return operation.groups == 1 and taken.channels < block() and volume(operation.kernel) > 1


def copies(operation: Convolution, taken: MapShape, given: MapShape, run: Execution) -> tuple[int, int]:
    """Returns the bytes of the copies of a convolution's input and output, forwards."""
    source, result = run.bytes(*taken), run.bytes(*given)
    if operation.groups == 1:
        return (0 if is_flat(operation, taken) else run.blocked(*taken)), run.blocked(*given)
    if operation.groups == taken.channels == given.channels:
        deep = len(taken.size) == 3  # for which oneDNN has no depthwise convolution in blocks
        return (source + result, result) if deep else (run.blocked(*taken), run.blocked(*given))
    return (0 if taken.channels // operation.groups % block() else source), result


def unfolded_work(
    operation: Convolution | TransposedConvolution, taken: MapShape, given: MapShape, run: Execution
) -> Work:
    """Returns what the plain product borrows: the unfolded input of a convolution, or output of a transposed one."""
    source, weights = run.bytes(*taken), kernel_bytes(operation, taken.channels, given.channels, run)
    cover = volume(operation.kernel)
    if isinstance(operation, TransposedConvolution):
        columns = run.bytes(given.channels * cover, taken.size)
        forward = columns + source * (len(taken.size) == 3)
    else:
        unfolded = run.bytes(taken.channels * cover, given.size)
        forward = unfolded * (cover > 1)
        columns = unfolded * (cover > 1 or len(taken.size) == 3)
    return Work(forward, source + weights + columns, weights + columns)


def kernel_bytes(operation: Convolution | TransposedConvolution, inputs: int, outputs: int, run: Execution) -> int:
    """Returns the bytes of a convolution's weights for so many channels."""
    return max(1, inputs // operation.groups) * outputs * volume(operation.kernel) * run.itemsize
