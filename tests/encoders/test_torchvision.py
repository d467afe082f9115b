"""The encoders of torchvision's networks: the same maps at each level with the same weights, the same names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.regnet import BlockParams

import unetkit
from tests.support.campaign import only_long
from unetkit.encoders import COMPONENTS
from unetkit.model.network import empty
from unetkit.model.weights import Uninitialized

NAMES = tuple(name for name in COMPONENTS["encoder"] if name != "timm")
FRAME = {"unetkit": 1, "in_channels": 3, "out_channels": 1}
MAPS = {
    "resnet": ["relu", "layer1", "layer2", "layer3", "layer4"],
    "efficientnet_v2_s": [f"features.{number}" for number in (1, 2, 3, 5, 6)],
    "efficientnet": [f"features.{number}" for number in (1, 2, 3, 5, 7)],
    "mobilenet_v2": [f"features.{number}" for number in (1, 3, 6, 13, 18)],
    "mobilenet_v3_large": [f"features.{number}" for number in (1, 3, 6, 12, 16)],
    "mobilenet_v3_small": [f"features.{number}" for number in (0, 1, 3, 8, 12)],
    "densenet": ["features.relu0", *(f"features.transition{number}.relu" for number in (1, 2, 3)), "features.norm5"],
    "regnet": ["stem", *(f"trunk_output.block{number}" for number in (1, 2, 3, 4))],
    "convnext": [f"features.{number}" for number in (1, 3, 5, 7)],
}
"""The nodes of torchvision's networks that give the map of each level, by the beginning of the name."""
MAPS |= dict.fromkeys(("resnext", "wide"), MAPS["resnet"]) | {"swin": MAPS["convnext"]}
COMPARED = (
    "resnet18", "resnet50", "resnext50_32x4d", "vgg11", "vgg11_bn", "efficientnet_b0", "efficientnet_v2_s",
    "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "densenet121", "regnet_x_400mf", "regnet_y_400mf",
    "convnext_tiny", "swin_t", "swin_v2_t",
    *only_long("resnet34", "wide_resnet50_2", "vgg16", "vgg16_bn", "efficientnet_b5"),
)  # fmt: skip
"""Networks that are compared by their maps; for others of a family names and shapes suffice."""


def spec(name: str, **parameters: object) -> unetkit.Spec:
    encoder = {"type": name, **parameters}
    return unetkit.load(FRAME | {"encoder": encoder, "decoder": {"block": {"type": "single_conv", "kernel": 1}}})


def nodes(name: str, network: nn.Module) -> list[str]:
    if not name.startswith("vgg"):
        return next(found for family, found in MAPS.items() if name.startswith(family))
    layers = [*network.get_submodule("features").children()]
    pools = [number for number, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d)]
    return [*(f"features.{number - 1}" for number in pools), f"features.{pools[-1]}"]


def of_encoder(model: nn.Module) -> dict[str, Tensor]:
    """The weights of an encoder by their names below the scope of their level."""
    weights = model.state_dict().items()
    return {key.split(".", 2)[2]: value for key, value in weights if key.startswith("encoder.")}


def fill(weights: dict[str, Tensor]) -> None:
    """Fills weights with numbers that hide nothing: norms and scales too."""
    for key, weight in weights.items():
        if key.endswith(("running_var", "layer_scale")) or (key.endswith("weight") and weight.dim() == 1):
            nn.init.uniform_(weight, 0.5, 1.5)
        elif key.endswith(("bias", "running_mean")):
            nn.init.uniform_(weight, -0.1, 0.1)
        elif key.endswith(("weight", "relative_position_bias_table", "logit_scale")):
            nn.init.normal_(weight, std=(2 / weight[0].numel()) ** 0.5)


@pytest.fixture(autouse=True)
def counted_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets torchvision compute the widths of RegNet while all else is on the device meta."""
    count = BlockParams.from_init_params

    def on_the_cpu(*args: Any, **kwargs: Any) -> BlockParams:
        with torch.device("cpu"):
            return count(*args, **kwargs)

    monkeypatch.setattr(BlockParams, "from_init_params", on_the_cpu)


@pytest.mark.parametrize("name", NAMES)
def test_published_weights_have_the_names_and_shapes_of_the_levels(name: str) -> None:
    encoder = spec(name).encoder
    assert encoder is not None
    with torch.device("meta"), Uninitialized():
        theirs = getattr(torchvision.models, name)().state_dict()
    weights = of_encoder(empty(unetkit.plan(spec(name))))
    published = {encoder.level_name(key) for key in theirs} - {""}
    assert {encoder.published_name(key) for key in weights} == published
    for key, value in weights.items():
        found = encoder.arranged(key, theirs[encoder.published_name(key)]).shape
        assert (*found, *(1,) * (value.dim() - len(found))) == value.shape, key


@pytest.mark.parametrize("name", NAMES)
def test_published_weights_are_those_of_torchvision(name: str) -> None:
    encoder = spec(name).encoder
    assert encoder is not None
    known = {one.name: one.url.rpartition("/")[2] for one in torchvision.models.get_model_weights(name)}
    assert dict(encoder.published) == known


@pytest.mark.parametrize("name", COMPARED)
def test_the_maps_of_all_levels_are_those_of_torchvision(name: str) -> None:
    torch.manual_seed(0)
    with Uninitialized():
        network = getattr(torchvision.models, name)().eval()
    planned = unetkit.plan(spec(name))
    model = empty(planned).to_empty(device="cpu").eval()
    encoder, theirs = planned.spec.encoder, network.state_dict()
    assert encoder is not None
    fill(theirs)
    for key, weight in of_encoder(model).items():
        weight.copy_(encoder.arranged(key, theirs[encoder.published_name(key)]).reshape(weight.shape))
    extract = create_feature_extractor(network, nodes(name, network))
    levels = [one for one in encoder.pyramid if one.channels]
    for size in ((64, 96), (71, 65)):
        x = image = torch.rand(1, 3, *size)
        found = []
        with torch.inference_mode():
            expected = extract(image).values()
            for call in (call for call in planned.calls if call.slot == "encoder"):
                x = model.get_submodule(call.scope)(x)
                found.append(x)
        for one, level, other in zip(found, levels, expected, strict=True):
            same = other.movedim(-1, 1) if name.startswith("swin") else other  # its maps have the channels last
            torch.testing.assert_close(one, same, atol=1e-5 * float(same.abs().max()), rtol=0)
            assert one.shape[1] == level.channels
            if size == (64, 96):
                assert tuple(one.shape[2:]) == tuple(side // level.stride for side in size)
