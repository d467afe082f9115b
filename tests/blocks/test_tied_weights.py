"""Operations that share their weights: parameters count once, multiply-adds and memory per call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import unetkit
from unetkit import registry
from unetkit.block import Block
from unetkit.errors import BlockError, SpecError
from unetkit.model.interface import plan_of
from unetkit.signal import Signal, Source, Wiring

SPEC: dict[str, Any] = {"unetkit": 1, "in_channels": 3, "out_channels": 2, "channels": [4, 8]}


def one_level(**block: Any) -> torch.nn.Module:
    """A network of one level, from 4 to 4 channels, with a recurrent block."""
    values = SPEC | {"in_channels": 4, "channels": [4], "block": {"type": "recurrent", **block}}
    return unetkit.build(values, seed=0).eval()


def wired(wire: Callable[[Signal], Signal]) -> Wiring:
    wiring = Wiring(2, [Source(4, (1, 1), (1, 1))])
    wire(*wiring.inputs)
    return wiring


def test_weights_count_once_and_multiply_adds_per_call() -> None:
    plans = [plan_of(one_level(repeats=repeats)) for repeats in (0, 1, 3)]
    assert len({plan.parameters for plan in plans}) == 1
    once, twice, four = (plan.macs((16, 16)) for plan in plans)
    assert twice - once == 2 * 4 * 4 * 9 * 16 * 16 and four - once == 3 * (twice - once)
    assert len({plan.digest for plan in plans}) == 3


def test_a_recurrent_block_is_that_of_the_paper() -> None:
    block: Any = one_level().get_submodule("bottleneck.block")
    image = torch.rand(2, 4, 9, 8)
    with torch.no_grad():
        x = y = block.project(image)
        for conv, norm, act in ((block.conv1, block.norm1, block.act1), (block.conv2, block.norm2, block.act2)):
            start = y
            y = act(norm(conv(start)))
            for _ in range(2):
                y = act(norm(conv(start + y)))
        assert torch.equal(block(image), x + y)


def test_a_bias_goes_where_all_calls_are_normalized() -> None:
    class Mixed(Block):
        """One convolution twice; a norm follows the second call alone."""

        both: bool = True

        def wire(self, x: Signal, channels: int) -> Signal:
            y = x.conv(channels, 1, name="tied").activation("ReLU")
            first = y.conv(channels, 1)
            read = first.norm(registry.find("norm", "batch")()) if self.both else first  # type: ignore[arg-type]
            again = first.reapply(y, read).norm(registry.find("norm", "batch")())  # type: ignore[arg-type]
            return again

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._registered, ("block", "mixed"), Mixed)
        registry.find.cache_clear()
        for both in (True, False):
            values = SPEC | {"in_channels": 4, "channels": [4], "block": {"type": "mixed", "both": both}}
            model = unetkit.build(values, seed=0)
            names = {name.rpartition("block.")[2] for name, _ in model.named_parameters()}
            assert ("conv1.bias" in names) is not both
            assert plan_of(model).parameters == sum(weight.numel() for weight in model.parameters())
    registry.find.cache_clear()


def test_what_cannot_be_applied_again_is_refused() -> None:
    with pytest.raises(BlockError, match="weights for 4 channels cannot be applied to 8"):
        wired(lambda x: x.conv(4).reapply(x, x.conv(8)))
    with pytest.raises(BlockError, match="does not come from the signal that was given"):
        wired(lambda x: x.conv(4).reapply(x.conv(4, name="other"), x))
    with pytest.raises(SpecError, match="the output of each convolution meets its input"):
        unetkit.load(SPEC | {"block": {"type": "recurrent", "padding": "valid"}})


def test_strides_are_those_of_another_call() -> None:
    wiring = Wiring(2, [Source(4, (1, 1), (2, 2))])
    (x,) = wiring.inputs
    y = x.conv(4, stride=2)
    z = y.reapply(x, y)
    assert (y.up, z.up) == ((2, 2), (4, 4)) and z.down == (2, 2)


DENSE = {"type": "dense", "layers": 3}


def test_a_dense_block_joins_all_maps_before() -> None:
    plan = unetkit.plan(unetkit.load(SPEC | {"channels": [12], "block": DENSE | {"norm": "none"}}))
    growth = 4
    assert plan.parameters == sum((3 + n * growth) * growth * 9 + growth for n in range(3)) + 12 * 2 + 2
    whole = unetkit.load(SPEC | {"channels": [12], "block": DENSE | {"output": "all", "norm": "none"}})
    assert unetkit.plan(whole).parameters == sum((3 + n * 3) * 3 * 9 + 3 for n in range(3)) + 12 * 2 + 2


@pytest.mark.parametrize(("block", "told"), [({}, "4 channels cannot"), ({"output": "all"}, "3 of them the input's")])
def test_channels_that_cannot_be_divided_among_layers_are_refused(block: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        unetkit.plan(unetkit.load(SPEC | {"channels": [4], "block": DENSE | block}))
