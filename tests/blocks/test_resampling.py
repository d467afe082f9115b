"""Ways down and up against networks written by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import unetkit
from unetkit.model.interface import plan_of


def network(**values: Any) -> nn.Module:
    """A network of two levels with 4 and 8 channels."""
    spec = {"unetkit": 1, "in_channels": 4, "out_channels": 4, "channels": [4, 8]}
    return unetkit.build(spec | values, seed=0).eval()


def run(module: Any, image: Tensor) -> Tensor:
    with torch.no_grad():
        output: Tensor = module(image)
    return output


@pytest.mark.parametrize("pool", ["none", "max"])
@pytest.mark.parametrize("size", [(16, 18), (15, 17)])
def test_blur_pool_filters_by_the_binomial_coefficients(pool: str, size: tuple[int, int]) -> None:
    down = network(down={"type": "blur_pool", "pool": pool}, skip="none").get_submodule("bottleneck.down")
    image = torch.rand(2, 4, *size)
    row = torch.tensor([1.0, 2.0, 1.0]) / 4
    weight = (row[:, None] * row).expand(4, 1, 3, 3)
    before = functional.max_pool2d(image, 2, stride=1) if pool == "max" else image
    expected = functional.conv2d(before, weight, stride=2, padding=1, groups=4)
    torch.testing.assert_close(run(down, image), expected)


def test_a_filtered_map_is_aligned_at_even_sizes() -> None:
    plan = plan_of(network(down="blur_pool"))
    assert plan.aligned[0].above(1) == 2 and 16 in plan.aligned[0] and 17 not in plan.aligned[0]


def test_patch_merging_is_that_of_swin_with_its_channels_in_another_order() -> None:
    model = network(down="patch_merging", norm="none")
    down, image = model.get_submodule("bottleneck.down"), torch.rand(2, 4, 6, 8)
    corners = [image[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    merged = torch.stack(corners, 2).flatten(1, 2).movedim(1, -1)  # (N, H/2, W/2, 4·C), the corners innermost
    merged = functional.layer_norm(merged, (16,), eps=1e-6)
    expected = merged @ down.get_submodule("conv1").get_parameter("weight").flatten(1).T
    torch.testing.assert_close(run(down, image), expected.movedim(-1, 1))
    assert sum(weight.numel() for weight in down.parameters()) == 2 * 16 + 16 * 8


def test_patch_merging_refuses_what_is_no_multiple_of_a_patch() -> None:
    plan = plan_of(network(down="patch_merging"))
    assert plan.accepted[0].above(7) == 8
    with pytest.raises(unetkit.SizeError, match="groups of 2 samples become channels, here are 7"):
        plan.at((7, 8))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unshuffling_undoes_shuffling(dims: int) -> None:
    from unetkit.functional import PixelShuffle, PixelUnshuffle

    factor, image = (2, 3, 1)[:dims], torch.rand(2, 3, *(6,) * dims)
    assert torch.equal(PixelShuffle(factor)(PixelUnshuffle(factor)(image)), image)
    if dims == 2:
        assert torch.equal(PixelUnshuffle((2, 2))(image), functional.pixel_unshuffle(image, 2))


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("kernel", [2, 4, (2, 3)])
@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
def test_an_even_kernel_after_interpolation_is_padded_as_by_torch(kernel: Any, mode: str) -> None:
    up = {"type": "interpolate", "conv": kernel, "padding_mode": mode}
    block = network(up=up, norm="none").get_submodule("decoder.0.up")
    own = block.get_submodule("conv1")
    other = nn.Conv2d(8, 4, kernel, padding="same", padding_mode=mode)  # type: ignore[arg-type]
    other.load_state_dict(own.state_dict())
    image = torch.rand(2, 8, 5, 6)
    expected = run(other, functional.interpolate(image, scale_factor=2, mode="bilinear"))
    torch.testing.assert_close(run(block, image), expected)


def test_a_kernel_of_two_moves_the_samples_by_half_a_pixel() -> None:
    plan = plan_of(network(up={"type": "interpolate", "conv": 2}))
    assert plan.alignment((16, 16))[0].offsets == {0: 0.5}


@pytest.mark.parametrize("size", [(16, 16), (19, 22)])
def test_unpooling_puts_samples_where_the_maxima_were(size: tuple[int, int]) -> None:
    spec = {"channels": [4, 4], "up": "none", "skip": "unpool"}
    skip = network(**spec).get_submodule("decoder.0.skip")
    before = torch.rand(2, 4, *size)
    pooled, places = functional.max_pool2d(before, 2, return_indices=True)
    x = torch.rand_like(pooled)
    expected = functional.max_unpool2d(x, places, (2, 2), output_size=list(size))
    assert torch.equal(run(lambda y: skip(y, before), x), expected)


def test_unpooling_needs_the_channels_that_were_pooled() -> None:
    with pytest.raises(unetkit.SpecError, match="8 channels cannot be unpooled by the maxima of 4"):
        network(up="none", skip="unpool")
    with pytest.raises(unetkit.SpecError, match="here a way up did before"):
        network(skip="unpool", channels=[4, 4])
