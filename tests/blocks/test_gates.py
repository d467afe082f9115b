"""Gates of channels and of samples, and moves of channels, against torch by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import unetkit
from unetkit.functional import channel_summary, shift_samples


def block(**keys: Any) -> nn.Module:
    """Returns a block of a network with the keys, in evaluation mode."""
    values = {"unetkit": 1, "in_channels": 16, "out_channels": 2, "channels": [16], "block": keys}
    return unetkit.build(unetkit.load(values), seed=0).eval().get_submodule("bottleneck.block")


def weights(module: nn.Module) -> list[Tensor]:
    """Returns the weights of convolutions, without the axes of their kernels."""
    return [one.weight.detach().flatten(1) for one in module.modules() if isinstance(one, nn.Conv2d)]


@pytest.mark.parametrize("pool", ["mean", "mean_max"])
def test_channels_are_weighed_by_what_the_image_says_of_them(pool: str) -> None:
    module, x = block(type="channel_attention", reduction=4, bias=False, pool=pool), torch.randn(2, 16, 5, 6)
    first, second = weights(module)
    said = [x.mean((2, 3))] + [x.amax((2, 3))] * (pool == "mean_max")
    gate = sum((one @ first.T).relu() @ second.T for one in said)
    with torch.no_grad():
        torch.testing.assert_close(module(x), x * torch.sigmoid(torch.as_tensor(gate))[..., None, None])


@pytest.mark.parametrize("reads", ["summary", "channels"])
def test_samples_are_weighed_by_what_their_channels_say(reads: str) -> None:
    module, x = block(type="spatial_attention", reads=reads, kernel=1), torch.randn(2, 16, 5, 6)
    (weight,) = weights(module)
    said = torch.stack([x.mean(1), x.amax(1)], 1) if reads == "summary" else x
    with torch.no_grad():
        torch.testing.assert_close(module(x), x * torch.sigmoid(torch.einsum("oc,bchw->bohw", weight, said)))


def test_a_summary_is_the_mean_and_the_largest_value() -> None:
    assert channel_summary(torch.tensor([[[1.0], [2.0], [6.0]]])).flatten().tolist() == [3.0, 6.0]


def test_groups_of_channels_move_by_other_numbers_of_samples() -> None:
    x = torch.arange(1.0, 5.0).expand(1, 5, 4)
    moved = [[3, 4, 0, 0], [2, 3, 4, 0], [1, 2, 3, 4], [0, 1, 2, 3], [0, 0, 1, 2]]
    assert shift_samples(x, 0, 5)[0].tolist() == moved


@pytest.mark.parametrize("axis", [0, 1])
def test_a_move_is_that_of_a_padded_roll(axis: int) -> None:
    """As the authors of UNeXt have it: pad, roll each of the chunks, and cut the padding off."""
    x = torch.randn(2, 13, 6, 7)
    padded = nn.functional.pad(x, (2, 2, 2, 2)).chunk(5, 1)
    rolled = torch.cat([torch.roll(one, step, axis + 2) for step, one in enumerate(padded, -2)], 1)
    assert torch.equal(shift_samples(x, axis, 5), rolled[:, :, 2:-2, 2:-2])
