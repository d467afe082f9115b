"""The blocks of MedNeXt against the same written in torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import unetkit


def by_hand(x: Tensor, block: Any, step: int = 1) -> Tensor:
    """As in the original: a convolution whose missing first samples are zeros, and a shortcut likewise."""
    y = block.reduce(block.act1(block.expand(block.norm1(block.depthwise(x)))))
    y = y + (block.shortcut(x) if hasattr(block, "shortcut") else x)
    return functional.pad(y, [step - 1, 0] * (x.dim() - 2))


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("dims", [2, 3])
def test_the_way_up_of_mednext_leaves_out_the_first_samples(dims: int, kernel: int) -> None:
    up = {"type": "mednext", "kernel": kernel}
    keys = {"unetkit": 1, "dims": dims, "in_channels": 1, "out_channels": 1, "channels": [4, 8], "up": up}
    block: Any = unetkit.build(keys, seed=0).get_submodule("decoder.0.up")
    assert isinstance(block.depthwise, nn.ConvTranspose2d | nn.ConvTranspose3d)
    x = torch.rand(2, 8, *(4, 6, 5)[:dims])
    with torch.no_grad():
        torch.testing.assert_close(block(x), by_hand(x, block, step=2))
        assert not block(x)[:, :, 0].any() and block(x).shape[2:] == tuple(2 * n for n in x.shape[2:])


def test_the_block_of_mednext_has_a_shortcut_of_its_own_where_it_moves() -> None:
    down = [{"type": "mednext", "stride": 2, "expansion": 3}]
    keys = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [4, 8], "down": down}
    model = unetkit.build(keys | {"block": [{"type": "mednext", "repeat": 2}]}, seed=0)
    down_path, blocks = model.get_submodule("bottleneck.down"), model.get_submodule("bottleneck.block")
    moving, staying = down_path.get_submodule("0"), [blocks.get_submodule(name) for name in "01"]
    x = torch.rand(2, 4, 8, 10)
    with torch.no_grad():
        y = down_path(x)
        torch.testing.assert_close(y, by_hand(x, moving))
        assert y.shape == (2, 8, 4, 5) and not hasattr(staying[0], "shortcut")
        torch.testing.assert_close(blocks(y), by_hand(by_hand(y, staying[0]), staying[1]))


def test_mednext_leads_up_by_two() -> None:
    keys = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [4, 8], "up": "mednext"}
    with pytest.raises(unetkit.SpecError, match="mednext leads up by a stride of 2, here it is 3"):
        unetkit.plan(unetkit.load(keys | {"down": {"type": "max_pool", "stride": 3}}))
