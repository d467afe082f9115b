"""Networks that are blocks of others: counts, weights, canonical form, faults."""

from typing import Any

import numpy as np
import pytest
import torch

import unetkit

SPEC: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}
SMALL: dict[str, Any] = {"type": "unet", "channels": [4, 4, 4], "block": "single_conv"}


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


def test_the_canonical_form_has_a_component_that_is_left_out() -> None:
    spec = unetkit.load(SPEC | {"bottleneck": {"block": {"type": "skip_per_block", "channels": [4, 4]}}})
    assert unetkit.load(spec.resolve()).resolve() == spec.resolve()


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
