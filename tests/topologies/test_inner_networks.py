"""Networks that are blocks of others: counts, weights, canonical form, faults."""

from typing import Any

import numpy as np
import pytest
import torch

import unetkit

SPEC: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}
SMALL: dict[str, Any] = {"type": "unet", "channels": [4, 4, 4], "block": "single_conv"}


def stage(levels: int, width: int) -> list[Any]:
    """A residual U-block of U²-Net: a convolution, and beside its output a U of `levels` levels."""
    if levels == 0:  # dilated convolutions in place of pooling
        dilations = {level: {"block": {"dilation": 2**level}} for level in (1, 2, 3)}
        inner: dict[str, Any] = {"channels": [width] * 4, "down": [], "up": [], "levels": dilations}
    else:
        last = {levels - 1: {"down": [], "block": {"dilation": 2}}, levels - 2: {"up": []}}
        inner = {"channels": [width] * levels, "up": "interpolate", "levels": last}
    conv = {"type": "single_conv", "bias": True}
    return [conv, {"type": "parallel", "branches": [[], {"type": "unet", "block": conv, **inner}]}]


def u2net(widths: tuple[int, ...], up_widths: tuple[int, ...], channels: list[int], up_channels: list[int]) -> Any:
    """U²-Net without its side outputs."""
    depths = (7, 6, 5, 4, 0, 0)
    levels: dict[int, Any] = {}
    for level in range(5):
        levels[level] = {
            "encoder": {"block": stage(depths[level], widths[level])},
            "decoder": {"block": stage(depths[level], up_widths[level])},
        }
    return {
        "unetkit": 1,
        "in_channels": 3,
        "out_channels": 1,
        "channels": channels,
        "up": "interpolate",
        "decoder": {"channels": up_channels},
        "bottleneck": {"block": stage(0, widths[5])},
        "levels": levels,
        "heads": {"mask": {"at": 0, "head": {"kernel": 3}}}
        | {f"side{level}": {"at": level, "head": {"kernel": 3}} for level in range(1, 6)},
    }


def test_u2net_has_the_published_parameters() -> None:
    """All but the seven of the 1×1 convolution that fuses the six side outputs."""
    channels, up_channels = [64, 128, 256, 512, 512, 512], [64, 64, 128, 256, 512]
    large = u2net((32, 32, 64, 128, 256, 256), (16, 32, 64, 128, 256), channels, up_channels)
    small = u2net((16,) * 6, (16,) * 5, [64] * 6, [64] * 5)
    assert unetkit.plan(unetkit.load(large)).parameters == 44_009_869 - 7
    assert unetkit.plan(unetkit.load(small)).parameters == 1_131_181 - 7


@pytest.mark.parametrize("kind", ["unet", "unet_plus_plus", "unet_3_plus", "cascade"])
def test_a_block_is_a_network(kind: str) -> None:
    block = SMALL | {"type": kind}
    spec = unetkit.load(SPEC | {"bottleneck": {"block": block}})
    assert unetkit.load(spec.resolve()) == spec
    plan = unetkit.plan(spec)
    network = unetkit.build(spec, seed=0).eval()
    assert sum(weight.numel() for weight in network.parameters()) == plan.parameters
    image = np.random.default_rng(0).random((1, 64, 64), np.float32)
    whole = unetkit.predict(network, image, None)
    assert whole.shape == (2, 64, 64)
    assert np.allclose(unetkit.predict(network, image, 32), whole, atol=1e-5)


def test_norm_and_act_come_from_the_surroundings_or_from_the_network_itself() -> None:
    outer = unetkit.build(SPEC | {"norm": "instance", "block": SMALL})
    inner = unetkit.build(SPEC | {"block": SMALL | {"norm": "none"}})
    names = [{type(module).__name__ for module in network.modules()} for network in (outer, inner)]
    assert "InstanceNorm2d" in names[0]
    assert "BatchNorm2d" not in names[1]


@pytest.mark.parametrize(
    ("block", "place", "message"),
    [
        (SMALL | {"chanels": [4]}, "block.chanels", "no key 'chanels'"),
        (SMALL | {"block": "singel_conv"}, "block.block", "singel_conv"),
        (SMALL | {"levels": {1: {"block": {"kernel": 5}}, 2: {"up": "interpolate"}}}, "block.levels.2.up", "no effect"),
        (SMALL | {"decoder": {"channels": [4]}}, "block.decoder.channels", "1 numbers for 2 levels"),
        (SMALL | {"up": {"type": "transposed_conv", "groups": 3}}, "block.up.groups", "groups"),
    ],
)
def test_faults_are_placed_within_the_network(block: dict[str, Any], place: str, message: str) -> None:
    with pytest.raises(unetkit.SpecError) as caught:
        unetkit.plan(unetkit.load(SPEC | {"block": block}))
    assert message in str(caught.value)
    assert any(fault.path.startswith(place.rpartition(".")[0]) for fault in caught.value.faults)


def test_images_shared_by_weights_stay_equal_within_a_list() -> None:
    spec = unetkit.load(SPEC | {"block": [SMALL | {"channels": [4, 4]}, "single_conv"]})
    assert unetkit.build(spec, seed=0)(torch.rand(1, 1, 16, 16)).shape == (1, 2, 16, 16)
