"""KiU-Net against its description, computed directly."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import unetkit
from tests.published.weights import with_random_weights


def resized(x: Tensor, factor: float) -> Tensor:
    return functional.interpolate(x, scale_factor=factor, mode="bilinear")


def kiu_net(network: nn.Module, image: Tensor) -> Tensor:
    """What both branches compute with the weights of a network, as the authors' program does."""
    get = network.get_submodule

    def step(branch: str, path: str, x: Tensor, level: int, larger: bool, norm: str) -> Tensor:
        """A convolution, then pooling or interpolation, then norm and activation."""
        x = get(f"{branch}{path}.{level}.block.conv1" if path != "bottleneck" else f"{branch}bottleneck.block.conv1")(x)
        x = resized(x, 2) if larger else functional.max_pool2d(x, 2)
        return functional.relu(get(f"{branch}{norm}.1")(x))

    def exchange(path: str, x: Tensor, y: Tensor, level: int) -> tuple[Tensor, Tensor]:
        """Each map with the other, at its own resolution."""
        to_x, to_y = (
            functional.relu(get(f"{scope}.0.norm1")(get(f"{scope}.0.conv1")(other)))
            for scope, other in ((f"{path}.{level}.exchange", y), (f"over.{path}.{level}.exchange", x))
        )
        return x + resized(to_x, 0.25**level), y + resized(to_y, 4.0**level)

    x, y, pairs = image, image, []
    for level in range(3):
        x = step("", "encoder", x, level, False, f"encoder.{level + 1}.down")
        y = step("over.", "encoder", y, level, True, f"encoder.{level + 1}.up")
        x, y = exchange("encoder", x, y, level + 1)
        pairs.append((x, y))
    for level in (2, 1, 0):
        path = "bottleneck" if level == 2 else "decoder"
        x = step("", path, x, level + 1, True, f"decoder.{level}.up")
        y = step("over.", path, y, level + 1, False, f"decoder.{level}.down")
        if level:
            x, y = exchange("decoder", x, y, level)
            x, y = x + pairs[level - 1][0], y + pairs[level - 1][1]
    return functional.relu(get("head.0.conv1")(x + y)).softmax(1)


@pytest.mark.parametrize("size", [(16, 24), (8, 32)])
def test_kiu_net_computes_what_its_authors_describe(size: tuple[int, int]) -> None:
    network = with_random_weights(unetkit.build(unetkit.load("kiu-net", ["head=[conv, act, softmax]"])))
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = kiu_net(network, image), network(image)
    assert expected.shape == found.shape
    assert (expected - found).abs().max() <= 1e-5 * (expected.max() - expected.min())
