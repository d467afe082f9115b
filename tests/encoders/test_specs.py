"""Encoders that are one component, in the spec language: channels, skips, topologies, and a plugin's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

import unetkit
from unetkit import registry
from unetkit.codegen import code
from unetkit.encoder import Encoder, EncoderLevel
from unetkit.errors import SpecError
from unetkit.language import differences, explain
from unetkit.signal import Signal

FRAME: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 2}
SMALL: dict[str, Any] = FRAME | {"encoder": {"type": "resnet18", "levels": 4}, "decoder": {"channels": [4, 4, 4]}}


def scopes(values: dict[str, Any]) -> list[str]:
    return [position.scope for position in unetkit.load(values).layout.positions]


@pytest.mark.parametrize("topology", ["unet", "unet_plus_plus", "unet_3_plus", "cascade"])
def test_topologies_place_the_levels_of_an_encoder(topology: str) -> None:
    values = SMALL | {"topology": topology}
    spec = unetkit.load(values)
    planned = unetkit.plan(spec)
    assert unetkit.load(spec.resolve()) == spec
    assert planned.at((64, 64)).output_size == (64, 64)
    assert "def forward" in code(planned)
    names = scopes(values)
    assert sum(name.endswith(("encoder.1", "encoder.2", "encoder.3")) for name in names) == 3 * (
        1 + (topology == "cascade")
    )
    assert not any(name.startswith("decoder.0") and name.endswith(".skip") for name in names)


def test_a_topology_that_places_blocks_itself_refuses_an_encoder() -> None:
    with pytest.raises(SpecError, match="makes its encoder of blocks"):
        unetkit.load(SMALL | {"topology": "skip_per_block"})


def test_the_decoder_has_the_channels_of_the_encoder() -> None:
    spec = unetkit.load(FRAME | {"encoder": "resnet50"})
    assert spec.channels == (1, 64, 256, 512, 1024, 2048)
    assert spec.decoder_channels == (32, 64, 256, 512, 1024)
    assert "channels" not in spec.resolve()
    assert spec.resolve().get("decoder") is None


def test_a_level_without_a_map_may_merge_the_image() -> None:
    values = SMALL | {"levels": {0: {"skip": "concat"}}}
    assert "decoder.0.skip" in scopes(values)
    assert "decoder.0.skip" not in scopes(SMALL)
    spec = unetkit.load(values)
    assert unetkit.load(spec.resolve()) == spec
    unetkit.plan(spec)


@pytest.mark.parametrize("topology", ["unet", "unet_plus_plus", "cascade"])
@pytest.mark.parametrize(
    "values", [{}, {"skip": "rescale"}, {"encoder": {"type": "resnet18", "levels": 2}, "decoder": {"channels": [4]}}]
)
def test_the_canonical_form_merges_the_image_too(values: dict[str, Any], topology: str) -> None:
    spec = unetkit.load(SMALL | values | {"topology": topology, "levels": {0: {"skip": "concat"}}})
    again = unetkit.load(spec.resolve())
    assert again.resolve() == spec.resolve()
    assert unetkit.plan(again).digest == unetkit.plan(spec).digest


def test_a_block_of_the_bottleneck_follows_the_last_level() -> None:
    values = FRAME | {"encoder": {"type": "vgg11", "levels": 3}, "bottleneck": {"block": "double_conv"}}
    assert scopes(values)[:4] == ["encoder.0", "encoder.1", "encoder.2", "bottleneck.block"]
    assert unetkit.load(unetkit.load(values).resolve()) == unetkit.load(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"encoder": "resnet35"}, "no encoder is called 'resnet35'"),
        ({"encoder": "resnet34", "channels": [4, 8]}, "channels has no effect"),
        ({"encoder": {"type": "resnet34", "levels": 9}}, "this encoder has 6 levels, not 9"),
        (
            {"encoder": {"type": "swin_t", "levels": 2}},
            "the first 2 levels of this encoder have no map\n.*\n.*\n.*least 3",
        ),
        ({"encoder": {"type": "resnet34", "freeze": [0]}}, "no weights at level 0"),
        ({"encoder": {"type": "resnet34", "adapt": "sum"}}, "adapt has no effect: there are no weights"),
        ({"encoder": {"type": "resnet34", "block": "residual"}}, "there is no key 'block' here"),
        ({"encoder": "resnet34", "levels": {2: {"encoder": {"block": "residual"}}}}, "this has no effect"),
        ({"encoder": "resnet34", "decoder": {"channels": [4]}}, "1 numbers for 5 levels"),
        ({"encoder": {"type": "resnet34", "weights": "IMAGENET1K_V1"}, "dims": 3}, "is for 2D images"),
        ({}, "the key 'channels' is missing"),
    ],
)
def test_what_does_not_go_together_is_a_fault(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        unetkit.load(FRAME | values)


def test_encoders_are_planned_in_three_axes() -> None:
    spec = unetkit.load(SMALL | {"dims": 3})
    assert unetkit.plan(spec).at((32, 32, 32)).output_size == (32, 32, 32)


def test_settings_of_an_encoder_are_explained_and_compared() -> None:
    (found,) = explain(unetkit.load(SMALL), "encoder.levels")
    assert (found.value, found.applies_to) == (4, ("encoder.*",))
    changes = differences(unetkit.load(SMALL), unetkit.load(SMALL, ["encoder.freeze=[1]"]))
    assert [(one.path, one.old, one.new) for one in changes] == [("encoder.freeze", [], [1])]


class Halves(Encoder):
    """Two levels without a map, then one."""

    @property
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        return (EncoderLevel(0, 1), EncoderLevel(0, 2), EncoderLevel(8, 4), EncoderLevel(16, 8))

    def wire(self, x: Signal, level: int) -> Signal:
        return x.conv(8 * (level - 1), 4 if level == 2 else 2, stride=4 if level == 2 else 2, padding="valid")


@pytest.fixture
def halves() -> Iterator[None]:
    registry.register("halves", Halves)
    yield
    del registry._registered["encoder", "halves"]
    registry.forget()


@pytest.mark.usefixtures("halves")
def test_a_program_registers_its_own_with_levels_that_have_no_map() -> None:
    model = unetkit.build(FRAME | {"encoder": "halves"})
    assert model.spec.decoder_channels == (2, 4, 8)
    assert [position.scope for position in model.spec.layout.positions if position.slot == "skip"] == ["decoder.2.skip"]
    assert model.eval()(torch.zeros(1, 1, 32, 40)).shape == (1, 2, 32, 40)
    assert model.plan.aligned[0].period == 8
