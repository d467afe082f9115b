"""DoubleU-Net against its description, computed directly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import unetkit
from tests.published.weights import with_random_weights
from tests.support.constructs import sound_topology


class Authors:
    """What the authors describe, with the weights of a network of two levels and a bottleneck."""

    def __init__(self, network: nn.Module) -> None:
        self.get = network.get_submodule

    def unit(self, scope: str, conv: str, norm: int, x: Tensor) -> Tensor:
        """A convolution, a norm and the activation."""
        layers = nn.Sequential(self.get(f"{scope}.{conv}"), self.get(f"{scope}.norm{norm}"), nn.ReLU())
        return layers(x)  # type: ignore[no-any-return]  # a module gives a tensor

    def block(self, scope: str, x: Tensor) -> Tensor:
        """Two convolutions, then squeeze and excitation."""
        x = self.unit(f"{scope}.0", "conv2", 2, self.unit(f"{scope}.0", "conv1", 1, x))
        squeezed = self.get(f"{scope}.1.squeeze")(x.mean((2, 3), keepdim=True)).relu()
        return x * self.get(f"{scope}.1.excite")(squeezed).sigmoid()  # type: ignore[no-any-return]

    def pyramid(self, scope: str, x: Tensor) -> Tensor:
        """The mean over the image beside convolutions, all read by one convolution."""
        scope = f"{scope}.bottleneck.block.0".removeprefix(".")
        mean = self.unit(scope, "image", 1, x.mean((2, 3), keepdim=True))
        names = enumerate(("point", "rate6", "rate12", "rate18"), start=2)
        maps = [mean.expand(-1, -1, *x.shape[2:]), *(self.unit(scope, name, norm, x) for norm, name in names)]
        parts: list[Any] = [self.get(f"{scope}.{name}").weight for name in ("merge_image", "merge")]
        return self.get(f"{scope}.norm6")(functional.conv2d(torch.cat(maps, 1), torch.cat(parts, 1))).relu()  # type: ignore[no-any-return]

    def decoder(self, scope: str, x: Tensor, *encoders: list[Tensor]) -> Tensor:
        """Interpolation, and what it gives beside the maps of encoders."""
        for level in (1, 0):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear")
            maps = torch.cat([x, *(encoder[level] for encoder in encoders)], 1)
            x = self.block(f"{scope}.decoder.{level}.block".removeprefix("."), maps)
        return x

    def outputs(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Those of the second network and of the first."""
        x, first, second = image, list[Tensor](), list[Tensor]()
        for level, convs in enumerate(((0, 2), (5, 7), (10, 12, 14, 16))):  # those of VGG-19
            x = functional.max_pool2d(x, 2) if level else x
            for number in convs:
                x = self.get(f"encoder.{level}.features.{number}")(x).relu()
            first.append(x)
        mask = self.get("mask.conv1")(self.decoder("", self.pyramid("", x), first)).sigmoid()
        x = image * mask
        for level in (0, 1):
            second.append(self.block(f"second.encoder.{level}.block", x))
            x = functional.max_pool2d(second[-1], 2)
        x = self.decoder("second", self.pyramid("second", x), first, second)
        return self.get("head.conv1")(x).sigmoid(), mask


@pytest.mark.parametrize("size", [(16, 24), (8, 20)])
def test_double_u_net_computes_what_its_authors_describe(size: tuple[int, int]) -> None:
    changes = ["encoder.levels=3", "decoder.channels=[8, 16]", "bottleneck.block.0.channels=8"]
    network = with_random_weights(unetkit.build(unetkit.load("double-u-net", changes)))
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for expected, found in zip(Authors(network).outputs(image), network(image), strict=True):
            assert expected.shape == found.shape
            assert (expected - found).abs().max() <= 1e-5 * (expected.max() - expected.min())


def test_both_encoders_have_the_ways_down_of_the_spec() -> None:
    values = {"unetkit": 1, "in_channels": 3, "out_channels": 1, "channels": [4, 4, 4], "encoder": {"down": []}}
    plan = unetkit.plan(unetkit.load(values | {"topology": sound_topology("double_u_net")}))
    assert {step.output_size for step in plan.at((16, 16)).steps} == {(16, 16)}
    assert unetkit.plan(unetkit.load(plan.spec.resolve())).digest == plan.digest
