"""Pads an image, by mirroring, to a size that the network accepts and at which each pixel has an output."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

from unetkit.errors import Fault, SizeError
from unetkit.geometry import Grid, SizeSet
from unetkit.planning import Plan, Size, propagate, size_from
from unetkit.wording import plural, size_text

_MAX_GROWTH = 8  # attempts at a size that is refused for all axes together (norms of one sample)


class AxisPadding(NamedTuple):
    """One axis: `image` pixels are padded to `input` samples, `before` of them before the image's first pixel.

    The network gives `output` samples; number `first` is that of the image's first pixel.
    """

    image: int
    input: int
    output: int
    before: int
    first: int


@dataclass(frozen=True)
class PaddedImage:
    """An image as a network sees it, in whatever parts it is computed."""

    plan: Plan
    frames: tuple[AxisPadding, ...]

    @property
    def padded_size(self) -> Size:
        """The size of the image as the network sees it."""
        return tuple(frame.input for frame in self.frames)

    @property
    def num_channels(self) -> int:
        """The channels of all outputs together."""
        return sum(self.plan.output_channels.values())

    @property
    def whole_macs(self) -> int:
        """Multiply-adds of the whole image at once."""
        return self.plan.at(self.padded_size).macs


def frames(plan: Plan, size: tuple[int, ...]) -> tuple[AxisPadding, ...]:
    """The padding of an image along each axis; raises SizeError if no input is large enough.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> frames(plan(load("unet-2015")), (388, 512))
    (AxisPadding(image=388, input=572, output=388, before=92, first=0),
     AxisPadding(image=512, input=700, output=516, before=94, first=2))
    """
    if len(size) != plan.dims or min(size, default=0) < 1:
        raise SizeError(
            Fault("size-shape", f"{size_text(size)} is no size for {plan.dims}D", cure="Give one number per axis.")
        )
    least = tuple(size)
    for _ in range(_MAX_GROWTH):
        found = tuple(
            axis_padding(plan, axis, n, start) for axis, (n, start) in enumerate(zip(size, least, strict=True))
        )
        try:
            plan.at(tuple(one.input for one in found))
        except SizeError as error:
            refused = error
            least = tuple(one.input + 1 for one in found)
        else:
            check_outputs(plan, tuple(one.input for one in found))
            return found
    raise refused


def check_outputs(plan: Plan, size: tuple[int, ...]) -> None:
    """Raises SizeError where the outputs do not have the same samples."""
    sizes = plan.output_sizes(size)
    first, *others = sizes
    for name in others:
        if sizes[name] != sizes[first] or plan.output_grid(size, name) != plan.output_grid(size, first):
            message = f"{plan.spec.name}: the outputs {first} and {name} have other samples, so no tile gives both"
            cure = "Call the network for whole images, or give both heads the same level and padding."
            raise SizeError(Fault("output-resolution", message, cure=cure))


def axis_padding(plan: Plan, axis: int, image: int, least: int) -> AxisPadding:
    """The padding along one axis, to the smallest accepted input of at least `least` samples."""
    sizes = (plan.padding_sizes if plan.pads else plan.preferred_sizes)[axis]
    size = _covering(plan, axis, sizes, image, max(image, least))
    grid, coarsest = grids(plan, axis, size)
    if grid.step != 1:  # where a resize stretches what was pooled; not so where every pooling divides the size
        size = _covering(plan, axis, sizes, image, ceil(size / coarsest) * coarsest)
    output = output_size(plan, axis, size)
    start = grid_start(plan, axis, size, output)
    lowest = max(0, -start)
    room = min(output, size - start) - image - lowest
    first = lowest + room // 2
    return AxisPadding(image, size, output, start + first, first)


def _covering(plan: Plan, axis: int, sizes: SizeSet, image: int, least: int) -> int:
    """The smallest size of at least `least` whose output has a sample for each pixel of the image.

    Raises SizeError if the output has the same few samples for images of any size, as after a global pooling.
    """
    size, before = size_from(sizes, least), 0
    while (output := output_size(plan, axis, size)) < image:
        far = 2 * size + grids(plan, axis, size)[1]
        if output == before and output_size(plan, axis, size_from(sizes, far)) == output:
            message = f"{plan.spec.name}: the output has {plural(output, 'sample')} per axis, not one for each pixel"
            raise SizeError(Fault("output-resolution", message, cure="Call the network for whole images."))
        size, before = size_from(sizes, size + image - output), output
    return size


def grids(plan: Plan, axis: int, size: int) -> tuple[Grid, int]:
    """The grid of the output along an axis, and the coarsest step of whole pixels within the network."""
    sizes = propagate.sizes(plan.nodes, axis, size)[0]
    found = propagate.grids(plan.nodes, axis, sizes, plan.main_inputs)
    return found[plan.output], max(int(grid.step) for grid in found if grid.step.denominator == 1)


def output_size(plan: Plan, axis: int, size: int) -> int:
    """The output size of the graph along an axis."""
    return int(propagate.sizes(plan.nodes, axis, size)[0][plan.output])  # type: ignore[arg-type]


def grid_start(plan: Plan, axis: int, size: int, output: int) -> int:
    """The input position of the first output sample, rounded down, within what the sizes allow.

    Raises SizeError if the output has another resolution than the input.
    """
    grid, _ = grids(plan, axis, size)
    if grid.step != 1:
        message = f"{plan.spec.name}: the output has a sample every {grid.step} pixels, not one for each"
        raise SizeError(Fault("output-resolution", message))
    return min(max(floor(grid.start), min(0, size - output)), max(0, size - output))
