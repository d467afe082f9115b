"""The spec of a checkpoint is found by the shapes of its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import unetkit
from tests.model import published
from tests.published.networks import NETWORKS, diffusion, smp
from tests.published.weights import with_random_weights
from tests.support.campaign import share
from tests.support.commandline import answer, run
from unetkit.checkpoint import ImportWeightsError, open_state_dict
from unetkit.guessing import Guess, fitting, guess

WIDTHS = {"channels", "decoder.channels", "in_channels", "out_channels", "dims"}
"""Settings that `guess` changes."""
IMPORTABLE = [
    name
    for name, one in NETWORKS.items()
    if {text.partition("=")[0] for text in one.overrides} <= WIDTHS
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def planned_once() -> Iterator[None]:
    """Plans each spec of the catalogue once, not once for each file."""
    tried: Callable[..., Any] = vars(fitting)["_tried"]
    kept: dict[tuple[str, ...], Any] = {}

    def once(name: str, changes: dict[str, Any]) -> Any:
        key = (name, *fitting.overrides(changes))
        if key not in kept:
            kept[key] = tried(name, changes)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "_tried", once)
        yield


def guessed(network: nn.Module, folder: Path) -> Guess:
    """Returns what is found for the weights of a network."""
    torch.save({"state_dict": network.state_dict()}, folder / "weights.pth")
    return guess(open_state_dict(folder / "weights.pth"))


@pytest.mark.parametrize("name", share(IMPORTABLE, of=3))
def test_the_spec_of_a_network_of_another_package_is_found(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name].make()
    matches = guessed(network, tmp_path).matches
    assert NETWORKS[name].spec in [match.spec for match in matches]
    assert matches[0].load().dims == unetkit.load(NETWORKS[name].spec, NETWORKS[name].overrides).dims


@pytest.mark.parametrize(
    ("make", "spec"),
    [
        (published.Milesial, "unet-milesial"),
        (published.PlainConvUNet, "unet-nnunet"),
        (published.SmpVgg, "unet-smp-vgg13"),
    ],
)
def test_the_first_match_has_the_channels_of_the_file(make: Any, spec: str, tmp_path: Path) -> None:
    first = guessed(make(), tmp_path).matches[0]
    assert first.spec == spec
    assert first.load().channels[:3] == published.WIDTHS


CHANGED = [
    ("unet-2015", ["channels=[8,16,32]", "in_channels=3"]),
    ("unet-2015", ["channels=[6,10,14,18,22,26]", "out_channels=5"]),
    ("unet-milesial", ["channels=[4,8,16,32]", "out_channels=7"]),
    ("unet-milesial-bilinear", ["channels=[8,16,32,64,64]"]),
    ("unet-3d", ["channels=[8,16,32]", "in_channels=2"]),
    ("unet-nnunet", ["channels=[4,8,12,16,16]", "in_channels=4", "out_channels=4"]),
    ("unet-nnunet-2d", ["channels=[8,16,24]"]),
    ("unet-monai-basic", ["channels=[6,6,12,24,48]"]),
    ("attention-unet", ["channels=[8,16,32]"]),
    ("segresnet", ["channels=[8,16,24,32]", "in_channels=2", "out_channels=6"]),
    ("unet-1d", ["channels=[4,8,16,24]"]),
]


@pytest.mark.parametrize(("spec", "changes"), CHANGED)
def test_networks_with_other_widths_and_depths_are_found(spec: str, changes: list[str], tmp_path: Path) -> None:
    network = unetkit.build(unetkit.load(spec, changes))
    matches = {match.spec: match for match in guessed(network, tmp_path).matches}
    assert spec in matches
    assert unetkit.plan(matches[spec].load()).digest == unetkit.plan(unetkit.load(spec, changes)).digest


OTHERS = {
    "Unet, ResNet-50": (smp("Unet", "resnet50"), "resnet34-unet", ["encoder=resnet50"]),
    "UnetPlusPlus, ResNet-18": (smp("UnetPlusPlus", "resnet18"), "resnet34-unetplusplus", ["encoder=resnet18"]),
    "Unet, VGG-16": (
        smp("Unet", "vgg16_bn"),
        "resnet34-unet",
        ["encoder=vgg16_bn", "bottleneck.block=double_conv", "levels.0.skip=none"],
    ),
    "Linknet, ResNet-50": (smp("Linknet", "resnet50"), "resnet34-linknet", ["encoder=resnet50"]),
    "Linknet, ResNet-18": (smp("Linknet", "resnet18"), "resnet34-linknet", ["encoder=resnet18"]),
    "MAnet, ResNet-18": (smp("MAnet", "resnet18"), "resnet34-manet", ["encoder=resnet18"]),
    "MAnet, ResNet-50": (smp("MAnet", "resnet50"), "resnet34-manet", ["encoder=resnet50"]),
    "MAnet, VGG-13": (smp("MAnet", "vgg13_bn"), "resnet34-manet", ["encoder=vgg13_bn", "levels.0.skip=none"]),
    "MAnet, EfficientNet-B2": (
        smp("MAnet", "efficientnet-b2"),
        "resnet34-manet",
        ["encoder={type: efficientnet_b2, layout: smp}"],
    ),
    "Linknet, VGG-11": (
        smp("Linknet", "vgg11_bn"),
        "resnet34-linknet",
        ["encoder=vgg11_bn", "levels.0.skip=none", "decoder.channels=[32, 128, 256, 512, 512]"],
    ),
    "FPN, ResNet-50": (smp("FPN", "resnet50"), "resnet34-fpn", ["encoder=resnet50"]),
    "Unet, DenseNet-169": (smp("Unet", "densenet169"), "densenet121-unet", ["encoder=densenet169"]),
    "Unet, EfficientNet-B1": (
        smp("Unet", "efficientnet-b1"),
        "efficientnet-b0-unet",
        ["encoder={type: efficientnet_b1, layout: smp}"],
    ),
}


@pytest.mark.parametrize("name", share(OTHERS, of=3))
def test_the_encoder_of_a_network_of_smp_is_found(name: str, tmp_path: Path) -> None:
    make, spec, changes = OTHERS[name]
    (first, *_) = guessed(make(), tmp_path).matches
    assert (first.spec, first.overrides) == (spec, changes)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name.startswith("diffusers UNet2DModel")])
def test_the_widths_of_a_network_of_diffusers_are_found(name: str, tmp_path: Path) -> None:
    (first, *_) = guessed(NETWORKS[name].make(), tmp_path).matches
    assert (first.spec, first.changes["channels"]) == (NETWORKS[name].spec, [16, 32, 32, 32])
    (tmp_path / "found.yaml").write_text(first.yaml(), encoding="utf-8")
    assert unetkit.plan(unetkit.load(tmp_path / "found.yaml")).digest == unetkit.plan(first.load()).digest


@pytest.mark.parametrize("tokens", [(77, 24), (5, 64)])
def test_the_channels_of_the_tokens_of_a_network_of_diffusers_are_found(
    tokens: tuple[int, int], tmp_path: Path
) -> None:
    network = diffusion(
        "UNet2DConditionModel", block_out_channels=(16, 32, 32, 32), norm_num_groups=8, cross_attention_dim=tokens[1]
    )
    (first, *_) = guessed(network(), tmp_path).matches
    assert (first.spec, first.changes["channels"]) == ("stable-diffusion-1", [16, 32, 32, 32])
    assert first.changes["inputs.text.channels"] == tokens[1]


def test_specs_that_others_build_on_are_counted_in_lists_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts = {"one": "a: 1", "two": "b: 1", "both": "extends: [one.yaml, two.yaml]\nc: 1", "again": "extends: both.yaml"}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    module = import_module("unetkit.guessing.guess")
    monkeypatch.setattr(module, "shipped", lambda: {name: tmp_path / f"{name}.yaml" for name in texts})
    assert vars(module)["_extended"]() == {"one": 2, "two": 2, "both": 1}


def test_the_command_prints_and_writes_the_spec(tmp_path: Path) -> None:
    network = published.Milesial()
    save_file({name: value.clone() for name, value in network.state_dict().items()}, tmp_path / "w.safetensors")
    shown = run("guess", tmp_path / "w.safetensors", "-o", tmp_path / "found.yaml").stdout
    assert shown.startswith("unet-milesial --set 'channels=[4, 8, 16]'") and "not shown by shapes: " in shown
    values = answer("guess", tmp_path / "w.safetensors")
    assert values["matches"][0]["spec"] == "unet-milesial" and values["open"]["block.padding"] == "same"
    spec = unetkit.load(str(tmp_path / "found.yaml"))
    assert spec.channels == (4, 8, 16)


def test_an_example_decides_what_shapes_cannot_show(tmp_path: Path) -> None:
    spec = unetkit.load("unet-milesial", ["channels=[4,8,16]", "act=leaky_relu"])
    network = with_random_weights(unetkit.build(spec))
    torch.save(network.state_dict(), tmp_path / "w.pth")
    image = torch.rand(3, 16, 16)
    with torch.no_grad():
        np.save(tmp_path / "out.npy", network(image[None])[0].numpy())
    np.save(tmp_path / "in.npy", image.numpy())
    command = ("guess", tmp_path / "w.pth", "--example", tmp_path / "in.npy", tmp_path / "out.npy")
    assert "act=leaky_relu" in answer(*command)["matches"][0]["set"]
    np.save(tmp_path / "out.npy", np.zeros((2, 16, 16)))
    assert "example-differs" in run(*command, code=1).stderr


def test_a_network_of_no_shipped_spec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportWeightsError, match=r"no shipped spec has the shapes of these 1 layers"):
        guessed(nn.Sequential(nn.Conv2d(3, 8, 5)), tmp_path)
    with pytest.raises(ImportWeightsError, match=r"no shipped spec has the shapes of these 1 layers"):
        guessed(nn.Linear(3, 8), tmp_path)
