"""Every setting says which line gives its value, what it replaced, and where it applies."""

from __future__ import annotations

from pathlib import Path

import pytest

from unetkit.block import insets
from unetkit.document.choice import leaves
from unetkit.document.merge import KeyPath
from unetkit.errors import Place, SpecError
from unetkit.language import Explanation, Spec, explain, load, shipped
from unetkit.language.component_settings import component_settings
from unetkit.language.settings import plain_settings
from unetkit.sequence import INHERITED

BASE = """\
unetkit: 1
in_channels: 1
out_channels: 2
channels: [16, 32, 64]
block: {type: double_conv, kernel: 3}
norm: {type: group, groups: 4}
define:
  stem: [{type: single_conv, kernel: 7}, {type: single_conv, repeat: 2}]
encoder:
  block: {kernel: 5}
"""
CHILD = """\
extends: base.yaml
norm: {groups: 8}
levels:
  0: {encoder: {block: stem}}
  1: {encoder: {block: {norm: batch}}}
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spec:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE)
    Path("child.yaml").write_text(CHILD)
    return load("child.yaml", ["norm.groups=2"])


def told(one: Explanation) -> tuple[object, ...]:
    """A value, its line, the lines of what it replaced, and where it applies."""
    replaced = [f"{old.value} {old.place}" for old in one.replaced]
    return one.value, str(one.place), replaced, list(one.applies_to)


@pytest.mark.parametrize("name", shipped())
def test_every_line_of_a_spec_gives_a_setting(name: str) -> None:
    """A value of its own, or one that another replaced; a name that comes several times may show its first place."""
    spec = load(name)
    assert spec.document
    settings = [*plain_settings(spec), *component_settings(spec)]
    replaced = {old.place for one in settings for old in one.replaced}
    places = {place for one in settings for place in (one.place, one.used_at)} | replaced
    values = spec.document.values()
    paths = [path for key in values for path in leaves(values[key], (key,))]
    names = {*values.get("define", {}), *INHERITED}
    for path in paths:
        if path[0] == "heads" and path[2] == "at":
            path = path[:3]  # names of heads, not of components
        (written, *_) = spec.document.history(path)
        if written.value in names or _is_replaced_at_each_use(spec, path, paths, replaced):
            continue
        assert written.place in places, path


def _is_replaced_at_each_use(spec: Spec, path: KeyPath, paths: list[KeyPath], replaced: set[Place]) -> bool:
    """Whether a value belongs to a definition, and each component of that name gives its own or is itself replaced."""
    if len(path) != 3 or path[0] != "define" or not spec.document:
        return False
    gone = {one[:-1] for one in paths if spec.document.place(one) in replaced}
    uses = [one[:-1] for one in paths if one[-1] == "type" and spec.document.history(one)[0].value == path[1]]
    return all((*use, path[2]) in paths or use in gone for use in uses)


@pytest.mark.parametrize("name", shipped())
def test_the_settings_of_a_position_are_those_of_its_component(name: str) -> None:
    spec = load(name)
    settings = {(one.position, one.inside): one.value for one in component_settings(spec)}
    for position in spec.layout.open_positions:
        part = spec.parts[position.scope]
        kind = settings[position, ("type",)]
        assert isinstance(kind, list) or kind == spec.type_of(part)
        for field in type(part).model_fields.keys() - insets(type(part)).keys() - {"items"}:
            assert settings[position, (field,)] == getattr(part, field)


@pytest.mark.parametrize("name", ["unet-2015", "unet-nnunet", "r2u-net"])
def test_every_path_of_a_file_can_be_asked_for(name: str) -> None:
    spec = load(name)
    assert spec.document
    values = spec.document.values()
    for path in (path for key in values for path in leaves(values[key], (key,))):
        found = explain(spec, ".".join(map(str, path)))
        assert spec.document.place(path) in [one.place for one in found], path


def test_an_override_replaces_the_file_and_the_file_what_it_extends(child: Spec) -> None:
    (found,) = explain(child, "norm.groups")
    assert found.place and found.place.text == "norm.groups=2"
    assert [str(old.place) for old in found.replaced] == ["child.yaml:2:16", "base.yaml:6:29"]
    assert found.default == (8, "group")
    assert "bottleneck.block.norm" in found.applies_to and "encoder.1.block.norm" not in found.applies_to


def test_a_narrow_scope_replaces_the_wider_ones(child: Spec) -> None:
    narrow, wide = explain(child, "block.kernel")
    assert told(narrow) == (5, "base.yaml:10:19", ["3 base.yaml:5:36"], ["encoder.1.block"])
    assert told(wide) == (3, "base.yaml:5:36", [], ["bottleneck.block", "decoder.*.block"])
    (only,) = explain(child, "encoder.*.block.kernel")
    assert told(only) == told(narrow)


def test_the_norm_of_a_block_replaces_that_of_the_spec(child: Spec) -> None:
    found = explain(child, "encoder.1.block.norm.type")
    assert [told(one) for one in found] == [("batch", "child.yaml:5:31", ["group base.yaml:6:14"], ["encoder.1.block"])]


def test_the_repeats_of_a_definition_of_several_components_are_shown() -> None:
    (found,) = explain(load("mobile-unet"), "block.0.repeat")
    assert found.value == 2 and found.place and found.place.text == "block: [{type: separable, repeat: 2}]"


def test_a_definition_is_shown_with_its_use(child: Spec) -> None:
    for path in ("define.stem.0.kernel", "encoder.0.block.0.kernel", "levels.0.encoder.block.0.kernel"):
        (found,) = explain(child, path)
        assert told(found) == (7, "base.yaml:8:38", [], ["encoder.0.block"]) and found.path == path
        assert list(map(str, found.used_at)) == ["child.yaml:4:24"]
    (kind,) = explain(child, "encoder.0.block.type")
    assert told(kind)[:3] == (["single_conv", "single_conv x2"], "base.yaml:8:9", ["double_conv base.yaml:5:15"])


def test_a_default_has_an_owner_and_no_line(child: Spec) -> None:
    (align,) = explain(child, "skip.align")
    assert (align.value, align.place, align.default, align.applies_to) == (
        "same",
        None,
        ("same", "concat"),
        ("decoder.*.skip",),
    )
    (kind,) = explain(child, "skip.type")
    assert kind.default == ("concat", "")
    values = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [8, 16], "topology": "unet_3_plus"}
    assert explain(load(values), "skip.type")[0].default == ("full_scale", "unet_3_plus")


def test_a_setting_without_effect_says_why() -> None:
    (found,) = explain(load("unet-2015"), "block.padding_mode")
    assert found.unused == "padding: valid adds nothing"


def test_channels_inputs_and_outputs_apply_to_their_positions() -> None:
    spec = load(
        {
            "unetkit": 1, "in_channels": 2, "channels": {"base": 8, "levels": 3},
            "block": {"type": "residual", "condition": "time"},
            "topology": {"type": "skip_per_block", "stem": {"type": "single_conv", "kernel": 5}},
            "inputs": {"time": {"channels": 1, "vector": True, "width": 16, "embed": "sinusoidal"}},
            "heads": {"mask": {"channels": 2}, "edge": {"channels": 1, "head": {"activation": "sigmoid"}, "at": 1}},
        }
    )  # fmt: skip

    def only(path: str) -> tuple[object, tuple[str, ...]]:
        (found,) = explain(spec, path)
        return found.value, found.applies_to

    assert only("channels")[0] == (8, 16, 32) and only("channels.growth") == (2.0, ("*",))
    assert only("inputs.time.width") == (16, ("inputs.time",))
    assert only("inputs.time.embed.longest") == (10_000.0, ("inputs.time.embed",))
    assert only("stem.kernel") == only("topology.stem.kernel") == (5, ("stem",))
    assert only("heads.edge.at") == (1, ("heads.edge",))
    assert only("heads.edge.head.activation") == only("heads.edge.activation") == ("sigmoid", ("heads.edge",))
    assert only("dims") == (2, ("*",)) and only("name") == ("unnamed", ())


def test_a_network_within_a_block_has_settings_of_its_own() -> None:
    inner = {"type": "unet_3_plus", "channels": [4, 4], "block": {"type": "single_conv", "kernel": 5}}
    spec = load({"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8], "bottleneck": {"block": inner}})
    for path in ("bottleneck.block.block.kernel", "bottleneck.block.decoder.0.block.kernel"):
        (kernel,) = explain(spec, path)
        assert kernel.value == 5 and kernel.place and kernel.applies_to == ("bottleneck.block",)
    (skip,) = explain(spec, "bottleneck.block.decoder.0.skip.type")
    (channels,) = explain(spec, "bottleneck.block.decoder.0.skip.features")
    assert (skip.value, skip.place) == ("full_scale", None) and (channels.value, channels.place) == (64, None)


@pytest.mark.parametrize(
    ("path", "cure"),
    [
        ("block.kernl", "Did you mean: block.kernel?"),
        ("skip.alin", "Did you mean: skip.align?"),
        ("decoder.0", "Name one of: decoder.0.block, decoder.0.skip, decoder.0.up."),
        ("block.q", "Known: act, bias,"),
        ("encoder.1.block.nrm", "Did you mean: encoder.1.block.norm?"),
        ("", "Known: act, block,"),
        ("..", "Known: act, block,"),
    ],
)
def test_a_path_that_leads_nowhere_is_answered_with_what_there_is(path: str, cure: str) -> None:
    with pytest.raises(SpecError) as caught:
        explain(load("unet-2015"), path)
    (fault,) = caught.value.faults
    assert fault.code == "unknown-path" and fault.cure.startswith(cure)
