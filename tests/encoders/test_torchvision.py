"""The encoders of torchvision's networks: the same maps at each level with the same weights, the same names."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

import unetkit
from unetkit.encoders import COMPONENTS
from unetkit.model.network import empty

NAMES = tuple(COMPONENTS["encoder"])
FRAME = {"unetkit": 1, "in_channels": 3, "out_channels": 1}
MAPS = {"resnet": ["relu", "layer1", "layer2", "layer3", "layer4"]}
"""The nodes of torchvision's networks that give the map of each level, by family."""
MAPS |= dict.fromkeys(("resnext", "wide"), MAPS["resnet"])
LARGE = ("resnet101", "resnet152", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet101_2", "vgg13", "vgg19")
"""Networks of a family of which another is compared by its maps: shapes and names suffice."""


def spec(name: str, **parameters: object) -> unetkit.Spec:
    encoder = {"type": name, **parameters}
    return unetkit.load(FRAME | {"encoder": encoder, "decoder": {"block": {"type": "single_conv", "kernel": 1}}})


def nodes(name: str, network: nn.Module) -> list[str]:
    if not name.startswith("vgg"):
        return next(found for family, found in MAPS.items() if name.startswith(family))
    layers = [*network.get_submodule("features").children()]
    pools = [number for number, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d)]
    return [*(f"features.{number - 1}" for number in pools), f"features.{pools[-1]}"]


@pytest.mark.parametrize("name", NAMES)
def test_published_weights_have_the_names_and_shapes_of_the_levels(name: str) -> None:
    encoder = spec(name).encoder
    assert encoder is not None
    with torch.device("meta"):
        theirs = getattr(torchvision.models, name)().state_dict()
    own = empty(unetkit.plan(spec(name))).state_dict()
    shapes = {key.split(".", 2)[2]: value.shape for key, value in own.items() if key.startswith("encoder.")}
    assert shapes == {key: value.shape for key, value in theirs.items() if not key.startswith(encoder.classifier)}


@pytest.mark.parametrize("name", NAMES)
def test_published_weights_are_those_of_torchvision(name: str) -> None:
    encoder = spec(name).encoder
    assert encoder is not None
    known = {one.name: one.url.rpartition("/")[2] for one in torchvision.models.get_model_weights(name)}
    assert dict(encoder.published) == known


@pytest.mark.parametrize("name", [name for name in NAMES if name.removesuffix("_bn") not in LARGE])
@pytest.mark.parametrize("size", [(64, 96), (71, 65)])
def test_the_maps_of_all_levels_are_those_of_torchvision(name: str, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = getattr(torchvision.models, name)().eval()
    planned = unetkit.plan(spec(name))
    model = empty(planned).to_empty(device="cpu").eval()
    theirs, own = network.state_dict(), model.state_dict()
    for key, weight in own.items():
        if key.startswith("encoder."):
            weight.copy_(theirs[key.split(".", 2)[2]])
    x = image = torch.rand(1, 3, *size)
    with torch.inference_mode():
        expected = create_feature_extractor(network, nodes(name, network))(image)
        found = []
        for call in (call for call in planned.calls if call.slot == "encoder"):
            x = model.get_submodule(call.scope)(x)
            found.append(x)
    for one, other in zip(found, expected.values(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5 * float(other.abs().max()), rtol=0)
    encoder = planned.spec.encoder
    assert encoder is not None
    levels = [one for one in encoder.pyramid if one.channels]
    assert [one.shape[1] for one in found] == [one.channels for one in levels]
    sizes = [tuple(-(-side // one.stride) for side in size) for one in levels]
    if not name.startswith("vgg"):
        assert [tuple(one.shape[2:]) for one in found] == sizes
