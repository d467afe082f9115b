"""Lists in slots, parallel branches, names that a file defines, and what files inherit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import unetkit
from tests.support.campaign import examples
from unetkit.document.merge import as_lists
from unetkit.document.schema import schema
from unetkit.errors import Fault, SizeError, SpecError
from unetkit.language import from_text
from unetkit.language.compare import differences
from unetkit.language.spec_keys import SpecKeys
from unetkit.testing.component_strategies import components, lists

BASE: dict[str, Any] = {"unetkit": 1, "in_channels": 3, "out_channels": 2, "channels": [8, 16, 32]}
CONV = "single_conv"


def load(**changes: Any) -> unetkit.Spec:
    return unetkit.load(BASE | changes)


def weights(**changes: Any) -> list[str]:
    """The names of the weights, without biases and statistics."""
    return [name for name in unetkit.build(load(**changes)).state_dict() if name.endswith("weight")]


def refusals(**changes: Any) -> list[Fault]:
    with pytest.raises(SpecError) as caught:
        unetkit.plan(load(**changes))
    return list(caught.value.faults)


def test_items_are_applied_one_after_the_other_and_named_by_number() -> None:
    one = {"type": CONV, "norm": "none"}
    names = weights(channels=[8], block=[one, one, "batch", {**one, "kernel": 5}], skip="none")
    assert names == [
        "bottleneck.block.0.conv1.weight",
        "bottleneck.block.1.conv1.weight",
        "bottleneck.block.2.weight",
        "bottleneck.block.3.conv1.weight",
        "head.conv1.weight",
    ]


def test_two_single_convolutions_compute_what_a_double_one_does() -> None:
    double, single = load(block="double_conv"), load(block=[{"type": CONV, "repeat": 2}])
    assert unetkit.plan(double).parameters == unetkit.plan(single).parameters
    one, other = unetkit.build(double), unetkit.build(single)
    other.load_state_dict(dict(zip(other.state_dict(), one.state_dict().values(), strict=True)))
    image = torch.rand(1, 3, 16, 16)
    assert torch.equal(one.eval()(image), other.eval()(image))


def test_an_empty_list_does_nothing() -> None:
    planned = unetkit.plan(load(down=[], skip=[], levels={1: {"encoder": {"block": {"type": CONV, "stride": 2}}}}))
    sized = planned.at((16, 16))
    sizes = {step.name: step.output_size for step in sized.steps}
    assert sizes["encoder.0.block"] == sizes["encoder.1.down"] == (16, 16) and sizes["encoder.1.block"] == (8, 8)
    assert sizes["bottleneck.block"] == sizes["decoder.1.up"] == (8, 8) and sized.output_size == (16, 16)
    assert not [name for name in weights(skip=[], down=[]) if ".skip." in name or ".down." in name]


@pytest.mark.parametrize(
    ("channels", "number"), [(5, 5), ("input", 3), ("0.5x", 4), ("2x", 16), ("0.3x", 2), ("0.001x", 1), (None, 8)]
)
def test_an_item_has_the_channels_it_asks_for(channels: Any, number: int) -> None:
    item = {"type": CONV} | ({} if channels is None else {"channels": channels})
    built = unetkit.build(load(channels=[8], block=[item]))
    assert built.get_submodule("bottleneck.block.0.conv1").out_channels == number
    spec = load(channels=[8], block=[item])
    again = unetkit.load(spec.resolve())
    assert again == spec and unetkit.plan(again).digest == unetkit.plan(spec).digest


def test_an_item_of_up_may_have_the_channels_of_the_skip() -> None:
    up = ["transposed_conv", {"type": CONV, "channels": "skip"}]
    spec = load(decoder={"channels": [4, 6]}, up=up)
    channels = {step.name: step.channels for step in unetkit.plan(spec).at((16, 16)).steps}
    assert (channels["decoder.1.up"], channels["decoder.0.up"]) == (16, 8)
    assert unetkit.load(spec.resolve()) == spec


def test_the_first_of_the_repeats_alone_has_the_stride() -> None:
    item = {"type": CONV, "stride": 2, "repeat": 3}
    spec = load(down=[], encoder={"block": CONV}, levels={1: {"encoder": {"block": [item]}}})
    nodes = [node for node in unetkit.plan(spec).nodes if node.operation and node.operation.kind == "conv"]
    strides = [getattr(node.operation, "stride") for node in nodes[1:4]]  # noqa: B009 - of a convolution
    assert strides == [(2, 2), (1, 1), (1, 1)]
    assert spec.resolve()["levels"][1]["encoder"]["block"][0]["repeat"] == 3


@pytest.mark.parametrize("slot", ["block", "down", "up", "skip", "head"])
def test_norm_and_activation_of_the_spec_reach_blocks_in_lists(slot: str) -> None:
    own = {"block": [], "down": ["max_pool"], "up": ["transposed_conv"], "skip": ["concat"], "head": ["conv"]}[slot]
    item = {"type": CONV, "kernel": 1}
    planned = unetkit.plan(load(norm="instance", act="gelu", **{slot: [item, "norm", "act", *own]}))
    operations = [node.operation for node in planned.nodes if node.operation is not None]
    norms = {type(operation).__name__ for operation in operations if operation.kind == "norm"}
    acts = {getattr(operation, "name", "") for operation in operations if operation.kind == "act"}
    assert (norms, acts) == ({"InstanceNorm"}, {"GELU"})


def test_items_before_the_merge_act_on_the_skip_and_items_after_it_on_the_merged_map() -> None:
    one = {"type": CONV, "kernel": 1, "channels": 5}
    planned = unetkit.plan(load(skip=[one, "concat", {"type": CONV, "kernel": 1, "channels": 7}]))
    steps = {step.name: step for step in planned.at((16, 16)).steps}
    assert steps["decoder.0.skip"].channels == 7
    inputs = [node for node in planned.nodes if node.operation and node.operation.kind == "concat"]
    assert [node.channels for node in inputs] == [16 + 5, 8 + 5]


def test_a_head_may_begin_with_norm_and_activation() -> None:
    assert [name for name in weights(head=["norm", "act", "conv"]) if name.startswith("head")] == [
        "head.0.weight",
        "head.2.conv1.weight",
    ]


def test_equal_neighbours_are_one_that_is_repeated() -> None:
    item = {"type": CONV, "kernel": 5}
    one, other = load(block=[item, item, CONV]), load(block=[{**item, "repeat": 2}, [CONV]])
    assert one == other and unetkit.plan(one).digest == unetkit.plan(other).digest
    assert [(form["type"], form.get("repeat")) for form in one.resolve()["block"]] == [(CONV, 2), (CONV, None)]


def test_branches_are_merged() -> None:
    one, other = {"type": CONV, "kernel": 1}, [CONV, CONV]
    for merge, channels in (("add", 8), ("concat", 16), ("multiply", 8)):
        block = {"type": "parallel", "branches": [one, other], "merge": merge}
        planned = unetkit.plan(load(channels=[8], block=block))
        assert planned.at((8, 8)).steps[0].channels == channels
    names = weights(channels=[8], block={"type": "parallel", "branches": [one, other, CONV]})
    assert {name.rpartition(".")[0] for name in names if "conv" in name} == {
        "bottleneck.block.0.0.conv1",
        "bottleneck.block.1.0.conv1",
        "bottleneck.block.1.1.conv1",
        "bottleneck.block.2.0.conv1",
        "head.conv1",
    }


def test_definitions_stand_for_lists_and_components() -> None:
    short = {"type": "parallel", "branches": [[], [{"type": CONV, "channels": "2x"}, CONV]]}
    define = {"inner": [{"type": CONV, "kernel": 5}], "wide": {"type": CONV, "kernel": 7}, "body": ["inner", short]}
    own = load(
        define=define, block=[CONV, {"type": "body", "repeat": 2}], bottleneck={"block": {"type": "wide", "bias": True}}
    )
    five = {"type": CONV, "kernel": 5}
    plain = load(
        block=[CONV, five, short, five, short], bottleneck={"block": {"type": CONV, "kernel": 7, "bias": True}}
    )
    assert own == plain and "define" not in own.resolve()


def test_definitions_and_lists_may_be_a_part_of_a_list_in_any_slot() -> None:
    define = {"branched": {"type": "parallel", "branches": [CONV, [CONV, CONV]]}, "two": [CONV, CONV]}
    for slot, own in (("skip", "concat"), ("up", "transposed_conv"), ("head", "conv"), ("down", "max_pool")):
        unetkit.plan(load(define=define, **{slot: ["branched", "two", [CONV, []], own]}))


def test_definitions_are_inherited(tmp_path: Path) -> None:
    (tmp_path / "parts.yaml").write_text(f"define: {{body: [{CONV}]}}\nnorm: instance\n")
    (tmp_path / "net.yaml").write_text("unetkit: 1\nin_channels: 3\nout_channels: 2\nchannels: [8, 16, 32]\n")
    (tmp_path / "own.yaml").write_text("extends: [net.yaml, parts.yaml]\nblock: body\nnorm: null\n")
    assert unetkit.load(tmp_path / "own.yaml") == unetkit.load({**load(block=[CONV]).resolve(), "name": "own"})
    (tmp_path / "own.yaml").write_text("extends: [net.yaml, parts.yaml]\n")  # what it does not use is no fault of it
    assert unetkit.load(tmp_path / "own.yaml") == unetkit.load({**load(norm="instance").resolve(), "name": "own"})


@pytest.mark.parametrize(
    ("changes", "code", "path", "message"),
    [
        ({"block": ["singel_conv"]}, "unknown-block", "block.0.type", "no block is called 'singel_conv'"),
        ({"block": [CONV, {"type": CONV, "kernal": 5}]}, "unknown-key", "block.1.kernal", "there is no key 'kernal'"),
        ({"block": [{"type": CONV, "kernel": 1, "padding": "valid"}]}, "no-effect", "block.0.padding", "has no effect"),
        ({"block": [{"type": CONV, "channels": "half"}]}, "wrong-value", "block.0.channels", "is no number of channel"),
        ({"head": [{"type": CONV, "channels": "skip"}, "conv"]},
         "wrong-value", "head.0.channels", "only a list in the slot up knows the channels of the map"),
        ({"block": [{"type": CONV, "repeat": 0}]}, "wrong-value", "block.0.repeat", "0 is not a whole number from 1"),
        ({"block": [{"type": "batch", "channels": 4}]}, "unknown-key", "block.0.channels", "norm takes no channels"),
        ({"block": [{"type": "norm", "eps": 1e-3}]}, "unknown-key", "block.0.eps", "stands for the norm of the spec"),
        ({"block": [CONV, {"kernel": 5}]}, "missing-key", "block.1", "no type is given"),
        ({"block": [CONV], "levels": {1: {"block": {"kernel": 5}}}},
         "missing-key", "levels.1.block", "the block here is a list, which is replaced as a whole"),
        ({"norm": ["batch"]}, "wrong-value", "norm", "this slot takes no list"),
        ({"skip": [CONV]}, "wrong-value", "skip", "nothing in this list merges"),
        ({"skip": ["concat", "add"]}, "wrong-value", "skip.1", "are merged already"),
        ({"up": [CONV]}, "block-wiring", "up", "decoder.1.up: this list multiplies the samples by 1"),
        ({"head": [CONV]}, "block-wiring", "head", "this list gives 8 channels, the output has 2"),
        ({"norm": "group", "block": [CONV, "norm"], "in_channels": 8, "channels": [12]},
         "block-wiring", "norm", "bottleneck.block: 8 groups do not divide 12 channels"),
        ({"norm": "none", "block": [CONV, {"type": "group", "groups": 5}]},
         "block-wiring", "block.1", "encoder.0.block: 5 groups do not divide 8 channels"),
        ({"down": ["max_pool", {"type": "avg_pool", "channels": 4}]},
         "block-wiring", "down.1", "channels: 4 asks for 4 channels, this down gives 8"),
        ({"block": {"type": "parallel", "branches": [[], CONV]}}, "block-wiring", "block", "signals of 3 and 8"),
        ({"block": {"type": "parallel", "branches": [CONV]}}, "wrong-value", "block.branches", "nothing to merge"),
        ({"block": {"type": "parallel", "branches": [CONV, [CONV, 5]]}},
         "wrong-value", "block.branches.1.1", "5 is no component"),
        ({"block": {"type": "parallel", "branches": [CONV, [{"type": CONV, "bias": 3}]]}},
         "wrong-type", "block.branches.1.0.bias", "3 is not"),
        ({"define": {"relu": [CONV]}, "act": "relu"}, "define-taken", "define.relu", "act 'relu' exists already"),
        ({"define": {"mine": [CONV]}}, "no-effect", "define.mine", "nothing uses it"),
        ({"define": {"a": ["b"], "b": [{"type": "a"}]}, "block": "a"}, "define-cycle", "define.a", "a -> b -> a"),
        ({"define": {"mine": [CONV]}, "block": {"type": "mine", "kernel": 5}},
         "unknown-key", "block.kernel", "mine is a list, which has no parameters"),
        ({"define": {"mine": [{"type": CONV, "kernal": 5}]}, "block": "mine"},
         "unknown-key", "define.mine.0.kernal", "there is no key 'kernal'"),
    ],
    ids=str,
)  # fmt: skip
def test_faults_in_lists_are_told_by_index(changes: dict[str, Any], code: str, path: str, message: str) -> None:
    (fault,) = refusals(**changes)
    assert (fault.code, fault.path) == (code, path) and message in fault.message
    assert fault.place is not None and fault.place.line > 1


def test_overrides_lead_into_lists() -> None:
    values = BASE | {"block": [CONV, {"type": CONV, "kernel": 3}]}
    wanted = load(block=["residual", {"type": CONV, "kernel": 5}])
    assert unetkit.load(values, ["block.1.kernel=5", "block.0=residual"]) == wanted
    with pytest.raises(SpecError, match="no index of the list"):
        unetkit.load(values, ["block.2.kernel=5"])


def test_a_list_is_replaced_as_a_whole() -> None:
    changed = load(block=[CONV, CONV], levels={1: {"block": ["residual"]}, 2: {"block": "double_conv"}})
    names = {scope: type(part).__name__ for scope, part in changed.parts.items() if scope.endswith("block")}
    assert names["encoder.0.block"] == names["encoder.1.block"] == "BlockSequence"
    assert len(changed.parts["encoder.1.block"].items) == 1 and names["bottleneck.block"] == "DoubleConv"  # type: ignore[attr-defined]


def test_differences_in_lists_are_told_by_index() -> None:
    one, other = load(block=[CONV, {"type": CONV, "kernel": 5}]), load(block=[CONV, {"type": CONV, "kernel": 7}])
    assert {(each.path, each.old, each.new) for each in differences(one, other)} == {
        (f"{place}.block.1.kernel", 5, 7) for place in ("encoder.*", "bottleneck", "decoder.*")
    }
    found = differences(one, load(block=["double_conv"]))
    assert {(each.path, tuple(each.old), tuple(each.new)) for each in found} == {
        (f"{place}.block.type", (CONV, CONV), ("double_conv",)) for place in ("encoder.*", "bottleneck", "decoder.*")
    }


def test_items_of_two_lists_are_compared_where_their_types_match() -> None:
    def changes(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
        found = differences(load(channels=[8], skip="none", block=old), load(channels=[8], skip="none", block=new))
        assert all(each.path.startswith("bottleneck.block") for each in found)
        return {each.path.removeprefix("bottleneck.block"): (each.old, each.new) for each in found}

    wide, before, after = {"type": CONV, "kernel": 5}, {"type": CONV, "dilation": 2}, {"type": CONV, "dilation": 3}
    assert changes(["batch", before], ["batch", "relu", after]) == {
        ".type": (["batch", CONV], ["batch", "relu", CONV]),
        ".2.dilation": (2, 3),
    }
    assert changes(CONV, [wide, "relu"]) == {".type": (CONV, [CONV, "relu"]), ".0.kernel": (3, 5)}
    assert changes([CONV], [{**wide, "repeat": 3}]) == {".type": ([CONV], [f"{CONV} x3"]), ".0.kernel": (3, 5)}
    assert changes([CONV], ["double_conv"]) == {".type": ([CONV], ["double_conv"])}
    split = [[{"type": "parallel", "branches": [[], [before, *more]]}] for more in ([], ["relu"])]
    split[1][0]["branches"][1][0] = after  # type: ignore[index]
    assert changes(*split) == {
        ".0.branches.type": ([[], CONV], [[], [CONV, "relu"]]),
        ".0.branches.1.0.dilation": (2, 3),
    }


def test_what_a_child_overrides_is_no_fault_of_the_file_that_it_extends(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("extends: unet-2015\nencoder: {block: residual}\ndecoder: {block: residual}\n")
    unetkit.load(tmp_path / "net.yaml", ["bottleneck.block=residual"])
    (tmp_path / "net.yaml").write_text("extends: unet-2015\nskip: add\ndecoder: {skip: none}\n")
    with pytest.raises(SpecError, match=r"net\.yaml:2:1: error\[no-effect\]"):
        unetkit.load(tmp_path / "net.yaml")


@settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_list_survives_its_canonical_form_and_is_valid_by_the_schema(data: st.DataObject) -> None:
    slot = data.draw(st.sampled_from(["block", "down", "up", "skip", "head"]))
    values = BASE | {"channels": [4, 8], slot: data.draw(lists(slot, dims=2)), "skip" if slot != "skip" else "up": (
        data.draw(components("skip" if slot != "skip" else "up", dims=2))
    )}  # fmt: skip
    try:
        spec = unetkit.load(values)
        planned = unetkit.plan(spec)
    except SpecError as error:
        assert {fault.code for fault in error.faults} <= {"block-wiring", "no-effect", "wrong-value"}
        return
    form = spec.resolve()
    again = unetkit.load(form)
    assert again.resolve() == form and unetkit.plan(again).digest == planned.digest
    assert planned.parameters == sum(weight.numel() for weight in unetkit.build(spec).parameters())
    validator = pytest.importorskip("jsonschema").Draft7Validator(_SCHEMA)
    for one in (as_lists(values), form):
        validator.validate({**one, "levels": {str(level): each for level, each in one.get("levels", {}).items()}})


_SCHEMA = schema(SpecKeys)


def test_an_item_says_its_slot_where_several_know_its_name() -> None:
    values = BASE | {"norm": "none", "skip": ["concat", "norm"]}
    spec = unetkit.load(values)
    resolved = spec.resolve()
    assert resolved["skip"][1] == {"type": "none", "slot": "norm"}
    assert unetkit.load(resolved) == spec
    with pytest.raises(unetkit.SpecError, match='"up" is no slot of this list'):
        unetkit.load(BASE | {"skip": ["concat", {"type": "none", "slot": "up"}]})


@pytest.mark.parametrize(
    ("keys", "size", "line", "told"),
    [
        ("skip:\n- {type: single_conv, kernel: 1}\n- {type: concat, align: same}", 17, 7, "encoder is 17"),
        ("bottleneck:\n  block:\n  - single_conv\n  - {type: learned_positions, size: 4}", 16, 8, "for 4 samples"),
        (
            "block:\n  type: parallel\n  branches:\n  - single_conv\n  - [act, {type: single_conv, padding: valid}]",
            2,
            9,
            "of 3",
        ),
        (
            "bottleneck:\n  block:\n    type: unet\n    channels: [4, 4]\n    skip: {type: concat, align: same}",
            18,
            9,
            "is 9",
        ),
    ],
)
def test_a_size_that_does_not_fit_is_a_fault_of_the_item(keys: str, size: int, line: int, told: str) -> None:
    text = f"unetkit: 1\nin_channels: 1\nout_channels: 1\nchannels: [4, 8]\n{keys}\n"
    plan = unetkit.plan(from_text(text, "sizes.yaml"))
    with pytest.raises(SizeError, match=told) as refused:
        plan.at((size, size))
    place = refused.value.faults[0].place
    assert place is not None and place.line == line
