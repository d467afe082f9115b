"""Vectors beside the image: what blocks read of them, in plan, module and prediction."""

from typing import Any

import numpy as np
import pytest
import torch

import unetkit

SPEC: dict[str, Any] = {
    "unetkit": 1,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [8, 8],
    "inputs": {"time": {"channels": 1, "vector": True, "embed": "sinusoidal", "width": 16}},
    "bottleneck": {"block": {"type": "film", "condition": "time"}},
}


def test_a_vector_changes_the_output_of_the_module_and_of_tiles() -> None:
    network = unetkit.build(SPEC, seed=0).eval()
    image = torch.rand(2, 1, 16, 16)
    early, late = (network(image, torch.tensor([time, time])) for time in (0.0, 9.0))
    assert not torch.allclose(early, late)
    assert torch.equal(network(image, torch.full((2, 1, 1, 1), 9.0)), late)
    one = unetkit.predict(network, image[0].numpy(), vectors={"time": 9.0})
    assert np.allclose(one, late[0].detach().numpy(), atol=1e-5)
    tiled = unetkit.predict(network, image[0].numpy(), 8, vectors={"time": 9.0})
    assert np.allclose(one, tiled, atol=1e-5)


def test_parameters_and_memory_follow_the_vector() -> None:
    plan = unetkit.plan(unetkit.load(SPEC))
    network = unetkit.build(SPEC)
    assert plan.parameters == sum(weight.numel() for weight in network.parameters())
    assert list(plan.inputs) == ["image", "time"]
    with_wider = SPEC | {"inputs": {"time": {"channels": 1, "vector": True, "embed": "sinusoidal", "width": 32}}}
    assert unetkit.plan(unetkit.load(with_wider)).parameters - plan.parameters == 2 * 16 * 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bottleneck": {"block": {"type": "film", "condition": "tim"}}}, "Did you mean: time"),
        ({"bottleneck": {"block": "single_conv"}}, "no block reads the vector time"),
        ({"inputs": {}}, "no vector 'time' among its inputs"),
        ({"inputs": {"time": {"channels": 1, "vector": True, "width": 8}}}, "nothing is embedded"),
        (
            {"inputs": {"time": {"channels": 1, "vector": True, "tokens": 3}}},
            "vector has no effect: a sequence of tokens",
        ),
        ({"inputs": {"x": {"channels": 1, "vector": True}}}, "cannot name an input"),
        ({"inputs": {"class": {"channels": 1, "vector": True}}}, "cannot name an input"),
        ({"inputs": {"train": {"channels": 1, "vector": True, "embed": "sinusoidal"}}}, "cannot name an input"),
    ],
)
def test_wrong_vectors_are_faults(change: dict[str, Any], message: str) -> None:
    with pytest.raises(unetkit.SpecError, match=message):
        unetkit.plan(unetkit.load(SPEC | change))


def test_film_reads_no_sequence_of_tokens() -> None:
    planned = unetkit.plan(unetkit.load(SPEC | {"inputs": {"time": {"channels": 1, "tokens": 7}}}))
    with pytest.raises(unetkit.SizeError, match="has one sample.*, this one has 7"):
        planned.at((64, 64))


def test_wrong_tensors_are_refused() -> None:
    network = unetkit.build(SPEC, seed=0).eval()
    with pytest.raises(unetkit.SizeError, match="an image and time, here are 1"):
        network(torch.rand(1, 1, 16, 16))
    with pytest.raises(unetkit.SizeError, match="1 values for each image"):
        network(torch.rand(1, 1, 16, 16), torch.rand(1, 3))
    with pytest.raises(unetkit.UnetkitError, match="takes the vector time, here are none"):
        unetkit.predict(network, np.zeros((1, 16, 16), np.float32))
    with pytest.raises(unetkit.UnetkitError, match="time has 1 value for each image, not 2"):
        unetkit.predict(network, np.zeros((1, 16, 16), np.float32), vectors={"time": [1, 2]})


@pytest.mark.parametrize("modulation", ["shift", "scale_shift"])
def test_a_residual_block_is_changed_by_a_vector(modulation: str) -> None:
    block = {"type": "residual", "order": "norm_act_conv", "condition": "time", "modulation": modulation}
    plan = unetkit.plan(unetkit.load(SPEC | {"bottleneck": {"block": block}}))
    network = unetkit.build(plan.spec, seed=0).eval()
    assert plan.parameters == sum(weight.numel() for weight in network.parameters())
    image = torch.rand(1, 1, 16, 16)
    assert not torch.allclose(network(image, 0.0 * torch.ones(1)), network(image, torch.ones(1)))


def noise_left(*, told: bool) -> float:
    """The mean squared error of a network that learns to find noise whose share it is told, or is not.

    Image and noise add up to the same variance at each share, as in diffusion, so that the images do not tell it.
    """
    film = {"type": "film", "condition": "time"}
    block = [{"type": "single_conv", "norm": "none", "act": "silu"}, film]
    spec = SPEC | {"norm": "none", "channels": [16, 16], "block": block, "bottleneck": {"block": "single_conv"}}
    network = unetkit.build(spec, seed=0).train()
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    random = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(120):
        image, noise = torch.randn(2, 8, 1, 16, 16, generator=random)
        share = torch.randint(2, (8,), generator=random).float()
        mixed = torch.where(share[:, None, None, None] > 0, noise, image)
        found = network(mixed, share if told else torch.ones(8))
        loss = (found - noise).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return sum(losses[-20:]) / 20


def test_a_conditioned_network_finds_noise_better_than_one_that_is_not_told_its_share() -> None:
    assert noise_left(told=True) < 0.7 * noise_left(told=False)
