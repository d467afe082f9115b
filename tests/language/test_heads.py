"""Several outputs in a spec: what they may say, what they inherit, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

import unetkit
from unetkit.language.compare import differences

SMALL: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8, 16]}
HEADS = {
    "mask": {},
    "distance": {"channels": 1, "head": {"kernel": 3}},
    "coarse": {"at": 1, "when": "training", "head": {"activation": "sigmoid"}},
}


def spec(heads: Any, **others: Any) -> unetkit.Spec:
    return unetkit.load(SMALL | others | {"heads": heads})


def faults(heads: Any, **others: Any) -> str:
    with pytest.raises(unetkit.SpecError) as caught:
        spec(heads, **others)
    return str(caught.value)


def test_a_head_takes_channels_and_component_of_the_spec_unless_it_says_others() -> None:
    loaded = spec(HEADS, head={"bias": False})
    assert [(one.name, one.scope, one.channels, one.at, one.when) for one in loaded.outputs] == [
        ("mask", "heads.mask", 2, 0, "always"),
        ("distance", "heads.distance", 1, 0, "always"),
        ("coarse", "heads.coarse", 2, 1, "training"),
    ]
    parts: dict[str, Any] = loaded.parts
    assert parts["heads.distance"].kernel == 3 and parts["heads.mask"].kernel == 1
    assert parts["heads.coarse"].activation == "sigmoid"
    assert not any(parts[one.scope].bias for one in loaded.outputs)


def test_the_canonical_form_of_heads_gives_the_same_spec() -> None:
    loaded = spec(HEADS)
    again = unetkit.load(loaded.resolve())
    assert again == loaded and again.resolve() == loaded.resolve()
    assert loaded.resolve()["heads"]["mask"] == {"at": 0, "when": "always"}
    own = {key: value for key, value in SMALL.items() if key != "out_channels"}
    apart = unetkit.load(own | {"heads": {"mask": {"channels": 3}, "distance": {"channels": 1}}})
    assert apart.resolve()["out_channels"] == 3 and unetkit.load(apart.resolve()) == apart


def test_one_output_of_the_usual_name_is_the_short_form() -> None:
    short = unetkit.load(SMALL)
    long = spec({"output": {}})
    assert long == short and "heads" not in long.resolve()
    assert unetkit.plan(long).digest == unetkit.plan(short).digest


def test_what_is_left_for_inference_is_a_spec_of_its_own() -> None:
    left = spec(HEADS).for_inference()
    assert [one.name for one in left.outputs] == ["mask", "distance"]
    assert "heads.coarse" not in left.parts
    assert unetkit.load(left.resolve()) == left
    assert left.for_inference() is left


def test_heads_are_compared_by_name() -> None:
    other = spec(HEADS | {"coarse": {"at": 2, "when": "training", "head": {"activation": "sigmoid"}}})
    assert [one.path for one in differences(spec(HEADS), other)] == ["heads.coarse.at"]
    found = {one.path for one in differences(unetkit.load(SMALL), spec({"output": {}, "extra": {}}))}
    assert {"heads.extra.channels", "heads.extra.at", "heads.extra.when", "heads.extra.type"} <= found


def test_a_head_may_be_a_list() -> None:
    loaded = spec({"output": {}, "coarse": {"at": 1, "head": ["norm", "act", "conv"]}}, head=["single_conv", "conv"])
    assert unetkit.load(loaded.resolve()) == loaded
    names = unetkit.build(loaded).state_dict()
    assert "head.1.conv1.weight" in names and "heads.coarse.2.conv1.weight" in names
    changed = unetkit.load(loaded.resolve(), ["heads.coarse.head.2.bias=false"])
    assert "heads.coarse.2.conv1.bias" not in unetkit.build(changed).state_dict()


def test_an_override_reaches_a_head() -> None:
    values = SMALL | {"heads": HEADS}
    changed = unetkit.load(values, ["heads.coarse.at=2", "heads.distance.head.kernel=5"])
    assert changed.outputs[2].at == 2
    assert changed.parts["heads.distance"].kernel == 5  # type: ignore[attr-defined]


def test_names_of_the_topology_can_be_read() -> None:
    heads = {"output": {}, "early": {"at": "column_1", "when": "training"}}
    assert spec(heads, topology="unet_plus_plus").outputs[1].at == "column_1"
    text = faults({"output": {}, "early": {"at": "column_9"}}, topology="unet_plus_plus")
    assert "error[unknown-signal]: heads.early.at: there is nothing named 'column_9' to read" in text
    assert "There are levels 0 to 2, column_1, column_2, output." in text


def test_a_head_may_read_several_maps_and_other_heads() -> None:
    heads = {
        "output": {"at": ["fine", 1, "coarse"]},
        "fine": {"when": "training"},
        "coarse": {"at": 2, "when": "never"},
    }
    loaded = spec(heads)
    assert [one.name for one in loaded.outputs] == ["output", "fine"]
    assert [one.scope for one in loaded.layout.positions if one.side == "head"] == [
        "heads.fine",
        "heads.coarse",
        "merge_output",
        "head",
    ]
    assert unetkit.load(loaded.resolve()) == loaded
    left = loaded.for_inference()
    assert [(one.name, one.when) for one in left.heads] == [
        ("output", "always"),
        ("fine", "never"),
        ("coarse", "never"),
    ]
    assert unetkit.load(left.resolve()) == left and left.for_inference() is left
    other = spec(heads | {"output": {"at": ["fine", 1, "coarse"], "merge": {"method": "nearest"}}})
    assert [one.path for one in differences(loaded, other)] == ["heads.output.merge.method"]


def test_a_head_that_the_topology_has_a_name_for_cannot_be_read() -> None:
    heads = {"output": {"at": [0, "column_1"]}, "column_1": {"at": "column_1"}}
    text = faults(heads, topology="unet_plus_plus")
    assert "heads.output.at.1: column_1 is a map of the topology, and a head" in text


def test_what_the_topology_does_not_need_for_any_output_is_left_out() -> None:
    pruned = spec({"output": {"at": "column_1"}}, topology="unet_plus_plus")
    assert [one.scope for one in pruned.layout.positions if one.slot == "block"] == [
        "encoder.0.block",
        "encoder.1.block",
        "decoder.0.1.block",
    ]


@pytest.mark.parametrize(
    ("heads", "others", "told"),
    [
        ({"output": {"at": 3}}, {}, "error[unknown-level]: heads.output.at: there is no level 3 to read"),
        ({"class": {}}, {}, "error[output-name]: heads.class: 'class' is no name for an output"),
        ({"train": {}}, {}, "error[output-name]: heads.train: 'train' is no name"),
        ({"a b": {}}, {}, "error[output-name]"),
        ({}, {}, "error[no-output]: heads: there is no output"),
        ({"aux": {"when": "training"}}, {}, "error[no-output]: heads: no output is left for inference"),
        ({"mask": {"channels": 1}}, {}, "error[no-effect]: out_channels"),
        ({"mask": {"channel": 1}}, {}, "Did you mean: channels?"),
        ({"mask": {"at": 1.5}}, {}, "heads.mask.at: 1.5 is neither a level nor a name"),
        ({"mask": {"when": "ever"}}, {}, 'heads.mask.when: "ever" is not one of always, training, never'),
        ({"mask": {"when": "never"}}, {}, "error[no-output]: heads: no output is left for inference"),
        ({"mask": {}, "aux": {"when": "never"}}, {}, "aux has no effect: no head reads it, and it is no output"),
        ({"mask": {"at": "mask"}}, {}, "error[unknown-signal]: heads.mask.at: the head reads its own output"),
        ({"a": {"at": [0, "b"]}, "b": {"at": "a"}}, {}, "heads.a.at.1: the head reads its own output"),
        ({"mask": {"at": [0, 7]}}, {}, "error[unknown-level]: heads.mask.at.1: there is no level 7 to read"),
        ({"mask": {"at": [0]}}, {}, "heads.mask.at: a list has at least two maps"),
        ({"mask": {"merge": "rescale"}}, {}, "heads.mask.merge: merge has no effect: the head reads one map"),
        ({"mask": {"at": [0, 1], "merge": {"by": "add"}}}, {}, "heads.mask.merge.by"),
        ({"mask": {"head": {"type": "conv", "kernel": 3}}}, {"head": {"kernel": 5}}, "error[no-effect]"),
        ({"mask": {"norm": "batch"}}, {}, "error[no-effect]: heads.mask.norm"),
    ],
)
def test_a_wrong_head_is_refused(heads: Any, others: Any, told: str) -> None:
    assert told in faults(heads, **others)


def test_a_spec_without_channels_of_its_output_is_refused() -> None:
    values = {key: value for key, value in SMALL.items() if key != "out_channels"}
    with pytest.raises(
        unetkit.SpecError, match="error\\[missing-key\\]: out_channels: the key 'out_channels' is missing"
    ):
        unetkit.load(values)
    with pytest.raises(unetkit.SpecError, match="heads.mask: the key 'channels' is missing"):
        unetkit.load(values | {"heads": {"mask": {}}})
    assert unetkit.load(values | {"heads": {"mask": {"channels": 3}}}).out_channels == 3
