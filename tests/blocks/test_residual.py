"""Convolution blocks: the order of their operations, and what stands beside a residual block."""

from __future__ import annotations

from typing import Any

import pytest

import unetkit
from unetkit.errors import SpecError
from unetkit.planning import Plan

ORDERS = {
    "conv_norm_act": "conv norm act conv norm add act",
    "conv_act_norm": "conv act norm conv act norm add",
    "norm_conv_act": "norm conv act norm conv add act",
    "norm_act_conv": "norm act conv norm act conv add",
    "act_conv_norm": "act conv norm act conv norm add",
    "act_norm_conv": "act norm conv act norm conv add",
}
SHORTCUTS = {
    "conv": "conv norm",
    "conv3": "conv norm",
    "pool": "avg_pool conv norm",
    "pad": "max_pool pad_channels",
}


def planned(**values: Any) -> Plan:
    """A network of one level, from 4 to 4 channels unless given."""
    spec = {"unetkit": 1, "in_channels": 4, "out_channels": 4, "channels": [4]}
    return unetkit.plan(unetkit.load(spec | values))


def kinds(plan: Plan, scope: str = "bottleneck.block") -> list[str]:
    """The kinds of operations of a block."""
    call = next(call for call in plan.calls if call.scope == scope)
    nodes = plan.nodes[call.start : call.end]
    return [node.operation.kind.replace(" ", "_") for node in nodes if node.operation is not None]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_that_of_the_operations(order: str) -> None:
    assert kinds(planned(block={"type": "single_conv", "order": order})) == order.split("_")
    assert kinds(planned(block={"type": "double_conv", "order": order})) == 2 * order.split("_")


@pytest.mark.parametrize("order", ORDERS)
def test_an_activation_at_the_end_comes_after_the_sum(order: str) -> None:
    assert kinds(planned(block={"type": "residual", "order": order})) == ORDERS[order].split()


def test_a_bias_is_left_out_where_a_norm_alone_reads_the_convolution() -> None:
    biased = {}
    for order in ORDERS:
        plan = planned(block={"type": "double_conv", "order": order})
        biased[order] = [bias for node in plan.nodes if (bias := getattr(node.operation, "bias", None)) is not None]
    assert biased["conv_norm_act"] == [False, False, True]
    assert biased["norm_act_conv"] == [False, True, True]
    assert biased["act_conv_norm"] == [False, False, True]


@pytest.mark.parametrize("convs", [1, 2, 3])
def test_a_residual_block_has_as_many_convolutions_as_asked_for(convs: int) -> None:
    found = kinds(planned(block={"type": "residual", "convs": convs}))
    assert found == [*["conv", "norm", "act"] * (convs - 1), "conv", "norm", "add", "act"]


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_shortcut_comes_to_the_channels_and_the_size_of_the_block(shortcut: str) -> None:
    plan = planned(channels=[8], block={"type": "residual", "stride": 2, "shortcut": shortcut})
    assert kinds(plan)[5:-2] == SHORTCUTS[shortcut].split()
    assert plan.output_size((16, 16)) == (8, 8)


def test_a_norm_of_the_shortcut_can_be_left_out_or_added() -> None:
    block = {"type": "residual", "order": "norm_act_conv"}
    assert "conv norm add" not in " ".join(kinds(planned(channels=[8], block=block)))
    assert "conv norm add" in " ".join(kinds(planned(channels=[8], block=block | {"shortcut_norm": True})))


def test_the_block_of_the_residual_encoder_of_nnunet_has_its_parameters() -> None:
    """BasicBlockD from 32 to 64 channels at stride 2: two convolutions with bias, a pool and a 1×1 one without."""
    block = {"type": "residual", "stride": 2, "shortcut": "pool", "bias": True}
    plan = planned(dims=3, in_channels=32, channels=[64], norm="instance", act="leaky_relu", block=block)
    assert plan.parameters == (27 * 32 * 64 + 64) + (27 * 64 * 64 + 64) + 32 * 64 + 3 * 2 * 64 + (64 * 4 + 4)


def test_a_bottleneck_has_the_parameters_of_that_of_resnet() -> None:
    """The first block of the second stage of ResNet-50, from 256 to 512 channels: 379,392 parameters."""
    plan = planned(in_channels=256, channels=[512], block={"type": "bottleneck", "stride": 2})
    assert plan.parameters - (512 * 4 + 4) == 379_392


def test_depthwise_convolves_each_channel_by_itself() -> None:
    plan = planned(channels=[8], block={"type": "double_conv", "groups": "depthwise", "norm": "none"})
    assert plan.parameters == (8 * 9 + 8) + (8 * 9 + 8) + (8 * 4 + 4)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"shortcut": "pool"}, "shortcut: pool pools by the stride, which is 1"),
        ({"stride": 2, "padding": "valid"}, "the shortcut lies between the samples of a stride"),
        ({"shortcut": "none", "shortcut_norm": True}, "shortcut: none has no convolution"),
        ({"convs": 1, "dropout": 0.5}, "dropout comes before the second convolution"),
    ],
)
def test_what_has_no_meaning_is_refused(block: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        planned(channels=[8], block={"type": "residual"} | block)


def test_channels_of_zeros_cannot_replace_others() -> None:
    with pytest.raises(SpecError, match="4 channels cannot be padded to 2"):
        planned(channels=[2], block={"type": "residual", "shortcut": "pad"})
