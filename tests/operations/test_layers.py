"""Operations of backbones: what they compute, and that plan, code and tiles follow from their facts."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.models.swin_transformer import ShiftedWindowAttention, ShiftedWindowAttentionV2, _patch_merging_pad

from unetkit.block import Block, Down
from unetkit.functional import CosineAttention, PixelUnshuffle, StochasticDepth, WindowAttention, fill_up, trim_to
from unetkit.signal import Signal
from unetkit.testing import check_block

CHECKS = ("predicted", "reach", "gradients", "number-types", "memory-format", "compile", "export", "saved")


class Scaled(Block):
    """A residual with a learned scale per channel, left out at random."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, 3, name="project")
        return x.add(x.conv(channels, 3).channel_scale(0.5).stochastic_depth(0.25))


class InWindows(Block):
    """Attention in windows of a map of any size, which is filled up."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, 1, name="project")
        y = x.fill_up(4).conv(3 * channels, 1, bias=True, name="qkv")
        return x.add(y.attend_in_windows(2, 4, shift=2, shift_lone=False).trim_to(x))


class ByCosine(Block):
    """The same by cosines."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, 1, name="project")
        y = x.fill_up(3).conv(3 * channels, 1, bias=True, name="qkv")
        return x.add(y.attend_by_cosine(2, 3, shift=1).trim_to(x))


class Merging(Down):
    """Patches become channels, each sample's together."""

    def wire(self, x: Signal, channels: int) -> Signal:
        return x.fill_up(2).pixel_unshuffle(2, by_sample=True).conv(channels, 1, bias=False)


@pytest.mark.parametrize("block", [Scaled, InWindows, ByCosine, Merging])
def test_what_runs_is_what_is_planned(block: type[Block] | type[Down]) -> None:
    report = check_block(block, only=CHECKS)
    assert report.passed, str(report)


@pytest.mark.parametrize("size", [(7, 7), (14, 21), (10, 13), (5, 16)])
@pytest.mark.parametrize("cosine", [False, True])
def test_windows_are_those_of_torchvision(size: tuple[int, int], cosine: bool) -> None:
    """A map is filled up to whole windows, and a window that covers it is not moved."""
    torch.manual_seed(0)
    theirs = (ShiftedWindowAttentionV2 if cosine else ShiftedWindowAttention)(12, [7, 7], [3, 3], 2)
    own: nn.Module
    if cosine:
        own = CosineAttention(2, (7, 7), (3, 3))
        theirs.qkv.bias.data.normal_()
        theirs.qkv.bias.data[12:24] = 0  # torchvision leaves it out
        theirs.logit_scale.data.normal_()
        names = ("logit_scale", "cpb_mlp.0.weight", "cpb_mlp.0.bias", "cpb_mlp.2.weight")
        own.load_state_dict({name: theirs.state_dict()[name] for name in names})
    else:
        own = WindowAttention(2, (7, 7), (3, 3), shift_lone=False)
        own.load_state_dict({"position_bias": theirs.relative_position_bias_table.T})
    x = torch.rand(2, *size, 12)
    with torch.no_grad():
        expected = theirs(x)
        padded = fill_up(x.permute(0, 3, 1, 2), (7, 7))
        qkv = nn.functional.linear(padded.permute(0, 2, 3, 1), theirs.qkv.weight, theirs.qkv.bias)
        y = trim_to(own(qkv.permute(0, 3, 1, 2)), x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y = nn.functional.linear(y, theirs.proj.weight, theirs.proj.bias)
    torch.testing.assert_close(y, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("size", [(4, 6), (5, 7)])
def test_patches_are_merged_in_the_order_of_torchvision(size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size)
    merged = PixelUnshuffle((2, 2), by_sample=True)(fill_up(x, (2, 2)))
    assert torch.equal(merged.permute(0, 2, 3, 1), _patch_merging_pad(x.permute(0, 2, 3, 1)))


def test_stochastic_depth_keeps_or_zeroes_whole_images() -> None:
    torch.manual_seed(0)
    depth, x = StochasticDepth(0.25), torch.rand(400, 2, 3, 3) + 1
    y = depth.train()(x)
    kept = (y != 0).flatten(1)
    assert torch.equal(kept.all(1), kept.any(1)) and 0.6 < kept.all(1).float().mean() < 0.9
    torch.testing.assert_close(y[kept.all(1)], x[kept.all(1)] / 0.75)
    assert depth.eval()(x) is x
