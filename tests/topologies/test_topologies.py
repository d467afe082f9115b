"""Networks of each topology: counts, sizes, what is built, weights that are shared."""

from typing import Any

import pytest
import torch

import unetkit
from tests.support.constructs import sound_topology
from unetkit import registry
from unetkit.planning import Plan
from unetkit.planning.memory import needed_memory

BASE: dict[str, Any] = {
    "unetkit": 1,
    "in_channels": 6,
    "out_channels": 2,
    "channels": [4, 8, 12, 16],
    "act": "leaky_relu",
}
TWO = {"inputs": {"before": {"channels": 4}, "after": {"channels": 2}}}


def planned(values: dict[str, Any]) -> Plan:
    """The plan of a spec, whose canonical form gives the same network."""
    spec = unetkit.load(values)
    assert unetkit.load(spec.resolve()) == spec
    return unetkit.plan(spec)


def check(plan: Plan) -> None:
    """Compares a plan with its module: weights, sizes, what an output depends on."""
    network = unetkit.build(plan.spec, seed=0).eval()
    assert sum(weight.numel() for weight in network.parameters()) == plan.parameters
    size = tuple(sizes.above(24) or 24 for sizes in plan.accepted)
    image = torch.rand(1, plan.spec.in_channels, *size, requires_grad=True)
    output = network(image)
    assert output.shape == (1, plan.spec.out_channels, *plan.output_size(size))
    middle = tuple(n // 2 for n in output.shape[2:])
    output[(0, 0, *middle)].backward()
    assert image.grad is not None
    for axis, position in enumerate(middle):
        reached = image.grad.abs().movedim(2 + axis, 0).flatten(1).sum(1).nonzero().flatten()
        interval = plan.receptive_interval(axis, position, size[axis])
        assert interval is not None
        assert interval.low <= int(reached.min()), axis
        assert int(reached.max()) <= interval.high
    assert needed_memory(plan, size).inference > 0


@pytest.mark.parametrize("name", registry.BUILT_IN["topology"])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_network_of_each_topology_is_what_its_plan_says(name: str, depth: int) -> None:
    check(planned(BASE | {"topology": sound_topology(name), "channels": BASE["channels"][:depth]}))


@pytest.mark.parametrize("weights", ["shared", "own"])
@pytest.mark.parametrize("bottom", ["merge", "last"])
@pytest.mark.parametrize("skip", ["concat", "difference"])
def test_two_images_have_an_encoder_each(weights: str, bottom: str, skip: str) -> None:
    images = {"inputs": {"before": {"channels": 3}, "after": {"channels": 3}}}
    topology = {"type": "siamese", "weights": weights, "bottom": bottom}
    check(planned(BASE | images | {"topology": topology, "skip": skip}))


def test_shared_weights_count_once_and_work_twice() -> None:
    images = {"inputs": {"before": {"channels": 3}, "after": {"channels": 3}}}
    plan = planned(BASE | images | {"topology": "siamese", "skip": "difference"})
    network = unetkit.build(plan.spec, seed=0).eval()
    before, after = torch.rand(2, 1, 3, 32, 32)
    swapped = network(after, before)
    assert torch.allclose(network(before, after), network(torch.cat([before, after], dim=1)))
    assert torch.allclose(network(before, after), swapped, atol=1e-5)  # differences have no sign
    sized = plan.at((32, 32))
    blocks = [step for step in sized.steps if step.name == "encoder.0.block"]
    assert [step.parameters > 0 for step in blocks] == [True, False]
    assert blocks[0].macs == blocks[1].macs > 0
    assert sum(step.parameters for step in sized.steps) == plan.parameters


def test_images_of_shared_encoders_have_the_same_channels() -> None:
    with pytest.raises(unetkit.SpecError, match="shares its weights"):
        unetkit.plan(unetkit.load(BASE | TWO | {"topology": "siamese"}))


def test_an_image_that_nothing_reads_is_a_fault() -> None:
    with pytest.raises(unetkit.SpecError, match="reads the image before alone"):
        unetkit.load(BASE | TWO)


def test_channels_of_the_images_are_those_of_the_input() -> None:
    with pytest.raises(unetkit.SpecError, match=r"4 \+ 2 channels, in_channels is 5"):
        unetkit.load(BASE | TWO | {"topology": "siamese", "in_channels": 5})


def test_a_skip_for_one_map_refuses_several() -> None:
    for skip in ("attention", [[], "attention"]):
        with pytest.raises(unetkit.SpecError, match="merges 1 map"):
            unetkit.plan(unetkit.load(BASE | {"topology": "unet_plus_plus", "skip": skip}))


def test_blocks_of_a_topology_inherit_the_norm() -> None:
    stem = {"type": "parallel", "branches": [["single_conv", "norm"], []], "merge": "concat"}
    topology = {"type": "skip_per_block", "stem": stem}
    check(planned(BASE | {"topology": topology, "norm": {"type": "group", "groups": 2}, "in_channels": 4}))


def test_a_setting_that_no_position_has_is_a_fault() -> None:
    with pytest.raises(unetkit.SpecError, match="no effect"):
        unetkit.load(BASE | {"topology": "unet_3_plus", "up": "interpolate"})


def test_differences_name_settings_and_the_topology() -> None:
    from unetkit.language import differences

    old, new = (
        unetkit.load(BASE | {"topology": "unet_plus_plus", "up": up}) for up in ("interpolate", "pixel_shuffle")
    )
    assert {difference.path for difference in differences(old, new)} == {"decoder.*.up.type"}
    changed = differences(unetkit.load(BASE), unetkit.load(BASE | {"topology": "unet_plus_plus"}))
    assert [difference.path for difference in changed] == ["topology.type"]


def test_a_network_of_two_images_learns_what_changed_between_them() -> None:
    images = {"inputs": {"before": {"channels": 1}, "after": {"channels": 1}}}
    values = BASE | images | {"topology": "siamese", "skip": "difference", "in_channels": 2, "channels": [8, 8]}
    network = unetkit.build(values | {"out_channels": 1}, seed=0).train()
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    random = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(60):
        before = torch.rand(4, 1, 16, 16, generator=random)
        changed = torch.rand(4, 1, 16, 16, generator=random) < 0.2
        after = torch.where(changed, 1 - before, before)
        loss: torch.Tensor = torch.nn.functional.binary_cross_entropy_with_logits(
            network(before, after), changed.float()
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])


def test_unetr_says_how_many_stages_there_are() -> None:
    topology = {"type": "unetr", "blocks": [1, 1]}
    with pytest.raises(unetkit.SpecError, match="this network has 1 stage, blocks has 2"):
        unetkit.load({"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 4, 4], "topology": topology})
