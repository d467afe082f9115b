"""Augmentations: each moves the points at which a patch is sampled from its image, or changes the image's numbers.

Points, not pixels, are moved: image, labels and weights are resampled together and only once, from the whole image,
mirrored beyond its border. So no patch has an empty corner, none is blurred twice, and volumes work like images.
(torchvision's transforms support two axes, and each resamples.)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from unetkit.block import Component

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

_Probability = Annotated[float, Field(ge=0, le=1)]
_Factor = Annotated[float, Field(gt=0, le=10)]
_Strength = Annotated[float, Field(ge=0, le=1000)]


class Augmentation(Component):
    """Changes patches at random. A plugin adds one of its own through the entry points `unetkit.augmentations`.

    It overrides `move` or `change`. All randomness comes from `random`, so that a patch is the same in every process.
    """

    slot = "augmentation"

    probability: _Probability = 1.0
    """Fraction of the patches that it is applied to."""

    def move(self, points: Tensor, random: np.random.Generator) -> Tensor:
        """The points (*spatial, axes) at which the samples of the patch are taken instead.

        They are in samples of the finest axis, from the centre of the patch.
        """
        return points

    def change(self, image: Tensor, random: np.random.Generator) -> Tensor:
        """The changed image (channels, *spatial); the given one is normalised, and may be overwritten."""
        return image


class Flip(Augmentation):
    """Mirrors the patch along each of its axes with a probability of one half."""

    axes: tuple[Annotated[int, Field(ge=0, le=2)], ...] | None = None
    """Axes that may be mirrored, 0 is the first after the channels; by default all."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        for axis in self.axes or ():
            if axis >= dims:
                yield "axes", f"there is no axis {axis} in {dims}D", f"Give some of {', '.join(map(str, range(dims)))}."

    def move(self, points: Tensor, random: np.random.Generator) -> Tensor:
        axes = range(points.shape[-1]) if self.axes is None else self.axes
        signs = [-1.0 if axis in axes and random.random() < 0.5 else 1.0 for axis in range(points.shape[-1])]
        return points * points.new_tensor(signs)


class Rotation(Augmentation):
    """Rotates the patch about its centre; a volume in each plane of two axes."""

    degrees: Annotated[float, Field(gt=0, le=180)] = 180.0
    """The largest angle, in both directions."""
    planes: tuple[tuple[Annotated[int, Field(ge=0, le=2)], Annotated[int, Field(ge=0, le=2)]], ...] | None = None
    """Pairs of axes in whose plane a volume is rotated; by default all."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if dims < 2:
            yield "type", "an image with one axis cannot be rotated", "Remove rotation."
        for first, second in self.planes or ():
            if first == second or max(first, second) >= dims:
                yield "planes", f"[{first}, {second}] is no plane in {dims}D", "Give two axes, as in [1, 2]."

    def move(self, points: Tensor, random: np.random.Generator) -> Tensor:
        from math import cos, radians, sin

        for first, second in self.planes or combinations(range(points.shape[-1]), 2):
            angle = radians(random.uniform(-self.degrees, self.degrees))
            matrix = points.new_zeros(points.shape[-1], points.shape[-1]).fill_diagonal_(1)
            matrix[first, first] = matrix[second, second] = cos(angle)
            matrix[first, second], matrix[second, first] = -sin(angle), sin(angle)
            points = points @ matrix
        return points


class Scale(Augmentation):
    """Enlarges or shrinks the content of the patch by the same factor along all axes."""

    least: _Factor = 0.8
    """The smallest factor: 1 keeps the size; 0.5 shows twice as much of the image along each axis."""
    most: _Factor = 1.25
    """The largest factor."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.least > self.most:
            yield "least", f"least {self.least:g} is above most {self.most:g}", "Swap them."

    def move(self, points: Tensor, random: np.random.Generator) -> Tensor:
        from math import exp, log

        return points / exp(random.uniform(log(self.least), log(self.most)))


class Elastic(Augmentation):
    """Deforms the patch smoothly: random shifts on a coarse grid with cubic interpolation."""

    source = "Ronneberger et al., 2015, section 3.1"

    sigma: Annotated[float, Field(gt=0, le=1000)] = 10.0
    """Standard deviation of the shifts, in samples."""
    grid: Annotated[int, Field(ge=2, le=64)] = 3
    """Shifts along each axis of the patch."""

    def move(self, points: Tensor, random: np.random.Generator) -> Tensor:
        import torch

        size, axes = points.shape[:-1], points.shape[-1]
        shifts = random.normal(0, self.sigma, (self.grid,) * axes + (axes,)).astype("float32")
        field = torch.from_numpy(shifts)
        for axis, n in enumerate(size):
            field = torch.movedim(torch.tensordot(_cubic(self.grid, n), field, ([1], [axis])), 0, axis)
        return points + field


class Intensity(Augmentation):
    """Makes the patch brighter or darker, and its contrast stronger or weaker."""

    brightness: _Strength = 0.2
    """The largest shift, in standard deviations of the images."""
    contrast: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """0.2 multiplies the distance from the mean of the patch by 0.8 … 1.2."""
    gamma: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """0.3 raises the levels, between the lowest and the highest of the patch, to a power of 0.7 … 1.43."""

    def change(self, image: Tensor, random: np.random.Generator) -> Tensor:
        shift = random.uniform(-self.brightness, self.brightness)
        factor = random.uniform(1 - self.contrast, 1 + self.contrast)
        power = random.uniform(1 - self.gamma, 1) ** random.choice((-1, 1))
        axes = tuple(range(1, image.dim()))
        if self.gamma:
            low, high = image.amin(axes, keepdim=True), image.amax(axes, keepdim=True)
            room = (high - low).clamp(min=1e-6)
            image = ((image - low) / room) ** power * room + low
        mean = image.mean(axes, keepdim=True)
        return (image - mean) * factor + mean + shift


class Noise(Augmentation):
    """Adds independent Gaussian noise of a random strength."""

    sigma: _Strength = 0.1
    """The largest standard deviation, in those of the images."""

    def change(self, image: Tensor, random: np.random.Generator) -> Tensor:
        import torch

        strength = random.uniform(0, self.sigma)
        return image + torch.from_numpy(random.standard_normal(tuple(image.shape), "float32")) * strength


class Blur(Augmentation):
    """Blurs the patch with a Gaussian of random width, by torchvision."""

    sigma: Annotated[float, Field(gt=0, le=20)] = 1.0
    """The largest standard deviation, in pixels."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if dims != 2:
            yield "type", f"torchvision blurs images with two axes, not {dims}D", "Remove blur."

    def change(self, image: Tensor, random: np.random.Generator) -> Tensor:
        from torchvision.transforms.v2 import functional

        width = random.uniform(0.05, 1) * self.sigma
        reach = min(round(3 * width) + 1, *(n - 1 for n in image.shape[1:]))
        blurred: Tensor = functional.gaussian_blur(image, [2 * reach + 1] * 2, [width] * 2)
        return blurred


def _cubic(count: int, size: int) -> Tensor:
    """The matrix (size, count) that interpolates evenly spaced values, with the first and the last at the ends.

    It is torch's bicubic interpolation (Keys, 1981) along one axis.
    """
    import torch
    from torch.nn.functional import interpolate

    unit = torch.eye(count)[None, None]
    matrix: Tensor = interpolate(unit, size=(size, count), mode="bicubic", align_corners=True)[0, 0]
    return matrix
