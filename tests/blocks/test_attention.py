"""Self-attention on maps: what each sample attends to, by hand; and what follows for costs, sizes and tiles."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import unetkit
from unetkit.errors import SizeError, SpecError
from unetkit.functional import WindowAttention, attend
from unetkit.model.interface import plan_of
from unetkit.planning import Plan
from unetkit.tiling.tiles import distant, tiles

Place = tuple[int, ...]
WINDOWS: list[tuple[Place, Place, Place]] = [
    ((8, 12), (4, 3), (0, 0)),
    ((8, 12), (4, 3), (2, 1)),
    ((10,), (5,), (2,)),
    ((4, 4, 6), (2, 2, 3), (1, 1, 1)),
]
SPEC: dict[str, Any] = {"unetkit": 1, "in_channels": 4, "out_channels": 2, "channels": [8, 16]}


def by_hand(x: Tensor, heads: int, window: Place, shift: Place, bias: Tensor | None) -> Tensor:
    """Attention of each sample to those of its window, one by one."""
    width, places = x.shape[1] // (3 * heads), list(product(*map(range, x.shape[2:])))
    query, key, value = x.reshape(x.shape[0], 3, heads, width, -1).unbind(1)
    output = torch.zeros_like(value)
    windows = [tuple((n - m) // wide for n, m, wide in zip(place, shift, window, strict=True)) for place in places]
    for (one, place), head in product(enumerate(places), range(heads)):
        mates = [other for other, found in enumerate(windows) if found == windows[one]]
        scores = (query[:, head, :, one, None] * key[:, head, :, mates]).sum(1) * width**-0.5
        if bias is not None:
            scores = scores + torch.stack([bias[head, offset(place, places[other], window)] for other in mates])
        output[:, head, :, one] = (scores.softmax(1)[:, None] * value[:, head, :, mates]).sum(2)
    return output.reshape(x.shape[0], -1, *x.shape[2:])


def offset(one: Place, other: Place, window: Place) -> int:
    """The number of the offset between two samples of a window."""
    number = 0
    for n, m, wide in zip(one, other, window, strict=True):
        number = number * (2 * wide - 1) + n - m + wide - 1
    return number


@pytest.mark.parametrize(("size", "window", "shift"), WINDOWS)
@pytest.mark.parametrize("position_bias", [True, False])
def test_a_sample_attends_to_those_of_its_window(size: Place, window: Place, shift: Place, position_bias: bool) -> None:
    attention, x = WindowAttention(2, window, shift, position_bias), torch.rand(2, 12, *size)
    with torch.no_grad():
        expected = by_hand(x, 2, window, shift, attention.position_bias)
        torch.testing.assert_close(attention(x), expected)


@pytest.mark.parametrize("size", [(5,), (3, 4), (2, 3, 2)])
def test_without_windows_a_sample_attends_to_all(size: Place) -> None:
    x = torch.rand(2, 12, *size)
    torch.testing.assert_close(attend(x, 2), by_hand(x, 2, size, (0,) * len(size), None))


def test_a_transformer_block_is_that_of_torch() -> None:
    """nn.TransformerEncoderLayer with the norm first has the same weights under other names."""
    block = {"type": "transformer", "head_channels": 4, "norm": {"type": "layer", "eps": 1e-5}}
    model = unetkit.build(SPEC | {"in_channels": 8, "channels": [8], "block": block}, seed=0).eval()
    own: Any = model.get_submodule("bottleneck.block")
    other = nn.TransformerEncoderLayer(8, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True).eval()
    pairs = {
        "self_attn.in_proj_": own.qkv,
        "self_attn.out_proj.": own.project,
        "linear1.": own.expand,
        "linear2.": own.reduce,
        "norm1.": own.norm1,
        "norm2.": own.norm2,
    }
    weights = {f"{name}weight": layer.weight.flatten(1) for name, layer in pairs.items() if layer.weight.dim() > 1}
    weights |= {f"{name}weight": layer.weight for name, layer in pairs.items() if layer.weight.dim() == 1}
    other.load_state_dict(weights | {f"{name}bias": layer.bias for name, layer in pairs.items()})
    image = torch.rand(2, 8, 5, 6)
    with torch.no_grad():
        expected = other(image.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(image.shape)
        torch.testing.assert_close(own(image), expected)


def test_a_swin_block_has_the_parameters_of_that_of_torchvision() -> None:
    """The first block of Swin-T: 96 channels, 3 heads, windows of 7."""
    block = {"type": "transformer", "head_channels": 32, "window": 7}
    plan = unetkit.plan(unetkit.load(SPEC | {"in_channels": 96, "channels": [96], "block": block}))
    inner = (96 * 288 + 288) + 3 * 13 * 13 + (96 * 96 + 96)
    assert plan.parameters - (96 * 2 + 2) == 4 * 96 + inner + (96 * 384 + 384) + (384 * 96 + 96)


def in_windows(**block: Any) -> Plan:
    """A network of two levels whose coarser one has windows of four samples."""
    bottleneck = {"block": {"type": "transformer", "window": 4, "head_channels": 8} | block}
    return unetkit.plan(unetkit.load(SPEC | {"bottleneck": bottleneck, "norm": "none"}))


def test_maps_are_multiples_of_a_window() -> None:
    plan = in_windows()
    assert plan.accepted[0].period == 8 and 16 in plan.accepted[0] and 12 not in plan.accepted[0]
    with pytest.raises(SizeError, match="windows of 4 need a multiple of their size, here are 6 samples"):
        plan.at((12, 16))


@pytest.mark.parametrize("shifted", [False, True])
def test_tiles_cut_at_the_period_of_windows_are_exact(shifted: bool) -> None:
    plan = in_windows(shifted=shifted)
    assert distant(plan) == () and plan.receptive_field[0] is not None
    cut = tiles(plan, (96, 80), 48, 0)
    assert cut.exact and cut.count > 1 and all(one.start % 8 == 0 for axis in cut.axes for one in axis.cuts)
    model, image = unetkit.build(plan.spec, seed=0), np.random.default_rng(0).random((4, 96, 80), np.float32)
    whole = unetkit.predict(model, image, tile=None)
    assert np.abs(unetkit.predict(model, image, tile=48) - whole).max() < 1e-5


def test_attention_to_all_samples_looks_at_the_whole_image() -> None:
    plan = unetkit.plan(unetkit.load(SPEC | {"bottleneck": {"block": "transformer"}}))
    assert plan.is_global == ("bottleneck.block.attention1",)
    one, four = (plan_of(unetkit.build(plan.spec)).macs((n, n)) for n in (16, 32))
    qkv_and_more = 4 * one  # what grows with the samples alone
    assert four - qkv_and_more == 2 * 16 * (256**2 - 4 * 64**2)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"head_channels": 3}, "8 channels cannot be divided into heads of 3"),
        ({"window": 1, "shifted": True}, "a window of one sample cannot be moved by half its size"),
        ({"shifted": True}, "there are no windows"),
    ],
)
def test_what_has_no_meaning_is_refused(block: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        unetkit.plan(unetkit.load(SPEC | {"channels": [8], "block": {"type": "self_attention"} | block}))


def test_an_attention_block_of_ddpm_has_its_parameters() -> None:
    """Group norm, queries, keys, values and a projection: four 1×1 convolutions with biases."""
    block = {"type": "self_attention", "norm": {"type": "group", "groups": 32, "eps": 1e-6}}
    plan = unetkit.plan(unetkit.load(SPEC | {"in_channels": 256, "channels": [256], "block": block}))
    assert plan.parameters - (256 * 2 + 2) == 2 * 256 + 4 * (256 * 256 + 256)


def with_positions(size: int | list[int]) -> Plan:
    """A network of two levels with learned positions at the coarser one."""
    block = [{"type": "learned_positions", "size": size}, {"type": "transformer", "head_channels": 8}]
    return unetkit.plan(unetkit.load(SPEC | {"bottleneck": {"block": block}, "norm": "none"}))


def test_learned_positions_are_a_number_for_each_channel_and_sample() -> None:
    plain = unetkit.plan(unetkit.load(SPEC | {"bottleneck": {"block": ["transformer"]}, "norm": "none"}))
    plan = with_positions([4, 6])
    assert plan.parameters - plain.parameters == 16 * 4 * 6
    model = unetkit.build(plan.spec, seed=0)
    assert sum(weight.numel() for weight in model.parameters()) == plan.parameters
    positions: Any = model.get_submodule("bottleneck.block.0.positions1")
    x = torch.rand(2, 16, 4, 6)
    assert torch.equal(positions(x), x + positions.weight)


def test_learned_positions_accept_one_size_alone() -> None:
    plan = with_positions([4, 6])
    assert [sizes.minimum for sizes in plan.accepted] == [8, 12] and not any(sizes.above(13) for sizes in plan.accepted)
    assert plan.output_size((8, 12)) == (8, 12)
    with pytest.raises(SizeError, match=r"positions are learned for 4 samples, here are 8 \(height\)") as refused:
        plan.at((16, 12))
    assert "Nearest sizes that do: 8." in refused.value.faults[0].cure
    with pytest.raises(SizeError, match="positions are learned for 4 samples"):
        unetkit.build(plan.spec)(torch.zeros(1, 4, 16, 12))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_an_image_larger_than_the_only_size_is_predicted_in_windows_of_it(padding: str) -> None:
    """Where the learned numbers are 0 the network is local, so that windows give what the whole image gives."""
    block = [{"type": "learned_positions", "size": 8}, {"type": "single_conv", "kernel": 3, "padding": padding}]
    spec = SPEC | {"in_channels": 8, "channels": [8], "norm": "none"}
    model, local = (unetkit.build(spec | {"block": one}, seed=0).eval() for one in (block, block[1:]))
    weights = {name.replace("block.1.", "block.0."): one for name, one in model.state_dict().items()}
    weights.pop("bottleneck.block.0.positions1.weight").zero_()
    local.load_state_dict(weights)
    image = np.random.default_rng(0).random((8, 21, 8 if padding == "same" else 6), np.float32)
    with pytest.warns(UserWarning, match="tiles are blended"):
        tiled = unetkit.predict(model, image)
    whole = unetkit.predict(local, image, None)
    inside = slice(None) if padding == "valid" else slice(0, 2)  # beside the borders of windows
    assert tiled.shape == whole.shape
    assert np.abs(tiled - whole)[:, inside].max() < 1e-5


@pytest.mark.parametrize("mode", ["reflect", "zeros"])
def test_a_smaller_image_is_padded_to_the_only_size(mode: str) -> None:
    odd = {"type": "pad", "mode": mode}
    plan = unetkit.plan(unetkit.load(with_positions([4, 6]).spec.resolve() | {"odd_sizes": odd}))
    assert 5 in plan.accepted[0] and 9 not in plan.accepted[0] and plan.output_size((5, 12)) == (5, 12)
    model = unetkit.build(plan.spec, seed=0).eval()
    with torch.no_grad():
        assert model(torch.rand(1, 4, 5, 12)).shape[2:] == (5, 12)
    with pytest.raises(SizeError, match="positions are learned for 4 samples"):
        plan.output_size((16, 12))


@pytest.mark.parametrize("size", [(40,), (24, 40), (8, 8, 16)])
def test_tiles_attend_to_a_sequence_as_the_whole_image_does(size: Place) -> None:
    """In windows, each sample also attends to the tokens, which every tile has whole."""
    attending = {"type": "transformer", "window": 4, "heads": 2, "condition": "text", "gated": True}
    inputs = {"text": {"channels": 6, "tokens": 3, "width": 4, "embed": {"type": "single_conv", "kernel": 1}}}
    spec = unetkit.load(SPEC | {"dims": len(size), "inputs": inputs, "bottleneck": {"block": attending}})
    plan, model = unetkit.plan(spec), unetkit.build(spec, seed=0).eval()
    assert plan.vectors == {"text": 18} and plan.parameters == sum(one.numel() for one in model.parameters())
    image, text = torch.rand(1, 4, *size), torch.rand(1, 3, 6)
    with torch.no_grad():
        whole = model(image, text)
        torch.testing.assert_close(model(image, text.flatten(1)), whole)
        assert not torch.allclose(model(image, text.flip(1)[:, :, [1, 0, 2, 3, 4, 5]]), whole)
    tiled = unetkit.predict(model, image[0].numpy(), tile=16, vectors={"text": text[0].numpy()})
    assert np.abs(tiled - whole[0].numpy()).max() < 1e-5
    with pytest.raises(SizeError, match="text has 18 values for each image"):
        model(image, torch.rand(1, 4, 6))
