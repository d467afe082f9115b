"""What a resize reads of its input, for every method and all small sizes, held against what torch computes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import unetkit
from unetkit.geometry import Interval
from unetkit.operations import Interpolation, ResizeTo
from unetkit.operations.taps import misrounds

MOST = 24
WORDS = {
    "nearest": {1: "nearest", 2: "nearest", 3: "nearest"},
    "linear": {1: "linear", 2: "bilinear", 3: "trilinear"},
    "cubic": {2: "bicubic"},
}
CASES = [(method, dims) for method, words in WORDS.items() for dims in words]


def impulses(size: int, dims: int) -> Tensor:
    """Returns an image for each sample of an axis, 1 there and 0 elsewhere: of a linear map they give the gradients."""
    return torch.eye(size).reshape(size, 1, size, *(1,) * (dims - 1))


def read_by(output: Tensor) -> list[tuple[int, int]]:
    """Returns per output sample the first and last sample of the input with an influence on it."""
    influence = output.reshape(output.shape[0], output.shape[2]).abs() > 1e-5  # what rounding leaves is smaller
    assert bool(influence.any(0).all())
    touched = [column.nonzero().flatten() for column in influence.T]
    return [(int(indices[0]), int(indices[-1])) for indices in touched]


def cut(interval: Interval | None, size: int) -> tuple[int, int]:
    """Returns an interval without what lies outside the image."""
    assert interval is not None
    return max(0, interval.low), min(size - 1, interval.high)


@pytest.mark.parametrize(("method", "dims"), CASES)
def test_a_resize_to_a_size_needs_exactly_what_has_a_gradient(method: str, dims: int) -> None:
    operation = ResizeTo(method)
    for before in range(1, MOST + 1):
        for after in range(1, MOST + 1):
            size = (after, *(1,) * (dims - 1))
            read = read_by(functional.interpolate(impulses(before, dims), size=size, mode=WORDS[method][dims]))
            for o, expected in enumerate(read):
                assert cut(operation.needs(0, Interval(o, o), (before, after))[0], before) == expected, (before, after)
            for low, high in ((0, after - 1), (after // 3, after // 2), (after // 2, after - 1)):
                hull = min(one[0] for one in read[low : high + 1]), max(one[1] for one in read[low : high + 1])
                assert cut(operation.needs(0, Interval(low, high), (before, after))[0], before) == hull


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize(("method", "dims"), CASES)
def test_an_interpolation_by_a_factor_needs_exactly_what_has_a_gradient(
    method: str, dims: int, align_corners: bool
) -> None:
    if align_corners and method == "nearest":
        return  # torch has no such thing
    for factor in (1, 2, 3, 4, 5, 7, 41):
        operation = Interpolation((factor, *(1,) * (dims - 1)), method, align_corners)
        for before in range(1, MOST + 1 if factor < 41 else 4):
            read = read_by(
                functional.interpolate(
                    impulses(before, dims),
                    scale_factor=operation.factor,
                    mode=WORDS[method][dims],
                    align_corners=True if align_corners else None,
                )
            )
            for o, expected in enumerate(read):
                assert cut(operation.needs(0, Interval(o, o), (before,))[0], before) == expected, (factor, before)


@pytest.mark.parametrize("size", [41, 53, 77])
def test_nearest_at_an_unaligned_size_needs_a_part_of_the_image(size: int) -> None:
    """A skip that resizes: the reach is a bounded interval, also where the sizes differ."""
    values = {"unetkit": 1, "dims": 1, "in_channels": 1, "out_channels": 1, "channels": [2, 2], "norm": "none"}
    skip = {"type": "concat", "align": "resize", "method": "nearest"}
    planned = unetkit.plan(unetkit.load(values | {"skip": skip, "down": "avg_pool"}))
    image = torch.rand(1, 1, size, requires_grad=True)
    network = unetkit.build(planned.spec, seed=0).eval()
    for weight in network.parameters():
        torch.nn.init.constant_(weight, 0.1)  # so that nothing cancels and nothing is cut off at 0
    with pytest.warns(unetkit.AlignmentWarning):
        output = network(image)
    (gradient,) = torch.autograd.grad(output[0, 0, size - 1], image)
    touched = gradient[0, 0].nonzero().flatten().tolist()
    needed = cut(planned.receptive_interval(0, size - 1, size), size)
    assert needed == (touched[0], touched[-1]) and needed[0] > 0


def test_factors_for_which_torch_misrounds_have_no_exact_tiles() -> None:
    for factor in range(2, 130):
        output = functional.interpolate(torch.arange(3.0).reshape(1, 1, 3), scale_factor=factor, mode="nearest")
        regular = torch.arange(3.0).repeat_interleave(factor)
        assert (
            misrounds(factor)
            == (not torch.equal(output[0, 0], regular))
            == Interpolation((factor,), "nearest").is_global
        )
