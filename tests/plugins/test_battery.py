"""The battery: built-in blocks pass it, and each deliberate mistake is caught by its own check, with the cure."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import unetkit
from tests.support.campaign import share
from unetkit import registry
from unetkit.block import BASES, Component
from unetkit.encoder import Encoder, EncoderLevel
from unetkit.geometry import Interval
from unetkit.operations.operation import Axes
from unetkit.plugin import Count, Net, Signal, Topology
from unetkit.testing import Report, check_block
from unetkit.wrapping.operation import Wrapped

BUILT_IN = [(slot, name) for slot in (*BASES, "topology") for name in registry.BUILT_IN[slot]]
EXPECTED = {
    "channel_gate": {"gradients": "8 channels: one hidden channel, which its activation makes 0 here"},
    "siamese": {"parameters-effective": "the network of the battery has one image"},
    "sinusoidal": {"parameters-effective": "4 channels in, 8 out: one frequency each, which is 1"},
}


class OffByOne(nn.Module):
    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 2, stride=1, padding=0)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(nn.functional.pad(x, (0, 1, 0, 1)))
        return y[..., : x.shape[2] // 2 * 2, :]


class Idle(nn.Module):
    def __init__(self, in_channels: int, channels: int, width: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class Leaks(Idle):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(super().forward(x), 0.5, training=True)


class Mates(Idle):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y - y.mean(0, keepdim=True)


class Spare(Idle):
    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__(in_channels, channels)
        self.norm = nn.BatchNorm2d(channels)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(super().forward(x))
        return y


class Strided(Idle):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y.view(len(y) * y.shape[1], -1).view(y.shape)


class Unstable(nn.Module):
    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        for name in {"alpha", "beta", "gamma", "delta", "omega"}:
            self.add_module(name, nn.Conv2d(in_channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([layer(x) for layer in self.children()]).sum(0)


class Far(nn.Module):
    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class Whole(Far):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y * y.mean((2, 3), keepdim=True)


class Placed(Far):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y + torch.arange(y.shape[2], dtype=y.dtype, device=y.device)[:, None]


wrong_size = unetkit.wrap(OffByOne, dims=(2,), facts=unetkit.ModuleFacts(after=1, least=2))
idle = unetkit.wrap(Idle, dims=(2,))
leaks = unetkit.wrap(Leaks, dims=(2,))
mates = unetkit.wrap(Mates, dims=(2,))
spare = unetkit.wrap(Spare, dims=(2,))
strided = unetkit.wrap(Strided, dims=(2,))
unstable = unetkit.wrap(Unstable, dims=(2,))


@pytest.mark.parametrize(
    ("block", "check", "told"),
    [
        (wrong_size, "predicted", "Correct size or channels."),
        (idle, "parameters-effective", "the parameter 'width' has no effect. Use it, remove it"),
        (leaks, "deterministic", "Ask self.training before dropping values."),
        (spare, "gradients", "no gradient reaches bottleneck.block.spare.bias in 2D. Use it in forward, or remove it."),
        (mates, "batch-independent", "Use running values in evaluation"),
        (strided, "memory-format", "with channels last in memory it fails: view size is not compatible"),
    ],
    ids=["size", "parameter", "training", "bias", "batch", "layout"],
)
def test_a_mistake_is_caught_by_its_own_check(block: type[Component], check: str, told: str) -> None:
    report = check_block(block, only=[check])
    assert told in report.failures[check]


class Pooled(Encoder):
    """An encoder with a convolution at each level."""

    width: Count = 4
    """Channels of level 0."""

    @property
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        return EncoderLevel(self.width, 1), EncoderLevel(2 * self.width, 2), EncoderLevel(2 * self.width, 4)

    def wire(self, x: Signal, level: int) -> Signal:
        x = x.max_pool(2) if level else x
        return x.conv(self.pyramid[level].channels, 3, name="stem")


class Misstated(Pooled):
    spare: bool = False
    """Nothing."""


def test_an_encoder_passes_and_a_parameter_of_one_without_effect_is_caught() -> None:
    report = check_block(Pooled, expected={"light-import": "this file imports torch"})
    assert report.passed, str(report)
    report = check_block(Misstated, only=["parameters-effective"])
    assert "the parameter 'spare' has no effect" in report.failures["parameters-effective"]


def test_an_unstable_order_of_keys_is_caught() -> None:
    assert "Use a list" in check_block(unstable, only=["keys-stable"]).failures["keys-stable"]


def test_too_few_checks_are_a_failure_and_so_is_an_expected_one_that_passes() -> None:
    report = check_block(idle, only=["deterministic"], expected={"deterministic": "it drops values"})
    assert report.failures.keys() == {"deterministic"} and not report.passed
    assert "remove the expectation" in str(report)
    assert not Report("x").passed


@pytest.mark.parametrize(("slot", "name"), share(BUILT_IN, of=4))
def test_built_in_blocks_pass(slot: str, name: str) -> None:
    report = check_block(registry.find(slot, name), expected=EXPECTED.get(name))
    assert report.passed, str(report)


class Shallow(Topology):
    """Leaves out the last level."""

    unread: Count = 2
    """Read by nobody."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        x, outputs = image, dict[int | str, int]()
        for level in range(max(1, net.last)):
            x = net.place(f"encoder.{level}.block", "block", level, "encoder", x)
            outputs[level] = x
        return {**outputs, 0: x}


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("depths", "at depth 2 nothing is at level 1. Use all of net.channels."),
        ("drawing", "at depth 2 the drawing lacks level 1"),
        ("parameters-effective", "the parameter 'unread' has no effect"),
        ("code", None),
        ("tiles", None),
    ],
)
def test_a_mistake_in_a_topology_is_caught_by_its_own_check(check: str, told: str | None) -> None:
    failures = check_block(Shallow, only=[check]).failures
    assert told in failures[check] if told else not failures


def test_a_topology_with_another_wire_is_refused() -> None:
    class Other(Topology):
        def wire(self, net: Net, picture: int) -> dict[int | str, int]:
            return {0: picture}

    with pytest.raises(unetkit.BlockError, match="has a wire of self, net, picture .*, not of self, net, image"):
        check_block(Other)


NEAR = unetkit.ModuleFacts.window(3, padding=1)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (Far, "Far sees 2 samples before and 2 after, declared are 1 samples before and 1 after along axis 0"),
        (Whole, "Whole looks at the whole image or depends on the position, declared are 1 samples before"),
        (Placed, "Placed looks at the whole image or depends on the position, declared are 1 samples before"),
    ],
)
def test_a_reach_declared_too_small_is_refused_with_both_numbers(module: type[nn.Module], told: str) -> None:
    report = check_block(unetkit.wrap(module, dims=(2,), facts=NEAR), only=["reach"])
    assert told in str(report)


def test_a_reach_declared_wide_enough_passes() -> None:
    for facts in (unetkit.ModuleFacts.window(5, padding=2), unetkit.ModuleFacts(before=4, after=3), None):
        assert not check_block(unetkit.wrap(Far, dims=(2,), facts=facts), only=["reach"]).failures.get("reach")


def test_the_battery_catches_an_operation_that_sees_farther_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def needs(self: Wrapped, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval, ...]:
        return (wanted,)

    block = unetkit.wrap(Far, dims=(2,))
    monkeypatch.setattr(Wrapped, "needs", needs)
    assert "depends on input" in check_block(block, only=["reach"]).failures["reach"]


def test_facts_that_are_not_true_are_refused_at_build_with_both_numbers() -> None:
    unetkit.register("off_by_one", wrong_size)
    spec = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4], "block": "off_by_one"}
    try:
        with pytest.raises(unetkit.BlockError, match=r"the plan says 4 channels of .* torch: 4 channels of "):
            unetkit.build({**spec, "name": "wrong"})
    finally:
        del registry._registered["block", "off_by_one"]
        registry.find.cache_clear()
