"""What a plan says of several outputs, against the modules that torch makes of it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from hypothesis import strategies as st

import unetkit
from tests.support.campaign import sharded
from unetkit.codegen import code
from unetkit.model import for_inference
from unetkit.testing.strategies import heads, specs

SMALL: dict[str, Any] = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [4, 8, 16]}
HEADS = {
    "mask": {"channels": 2},
    "distance": {"head": {"kernel": 3, "padding": "valid"}},
    "level_1": {"at": 1, "when": "training"},
    "bottom": {"at": 2, "when": "training"},
}
NNUNET = {
    "extends": "unet-nnunet",
    "heads": {"output": {}, **{f"level_{n}": {"at": n, "when": "training"} for n in (1, 2, 3, 4)}},
}


def planned(**others: Any) -> unetkit.Plan:
    return unetkit.plan(unetkit.load(SMALL | {"heads": HEADS} | others))


@pytest.mark.parametrize(
    ("values", "training", "inference"),
    [
        ("unet-plus-plus", 9_163_428, 9_163_329),
        ("unet-plus-plus-zju", 47_176_132, 47_176_132 - 3 * 65),
        ("unet-3-plus", 26_989_637, 26_971_777),
        ("u2net", 44_009_869, 44_009_869),
        ("u2net-p", 1_131_181, 1_131_181),
        (NNUNET, 31_195_594, 31_194_050),
    ],
    ids=["unet-plus-plus", "unet-plus-plus-zju", "unet-3-plus", "u2net", "u2net-p", "nnunet"],
)
def test_supervised_networks_have_their_published_parameters(values: Any, training: int, inference: int) -> None:
    plan = unetkit.plan(unetkit.load(values))
    assert plan.parameters == training
    assert plan.for_inference().parameters == inference
    with torch.device("meta"):
        model = unetkit.build(values)
    assert sum(weight.numel() for weight in model.parameters()) == training


@pytest.mark.parametrize("odd_sizes", ["error", "pad"])
def test_planned_sizes_of_all_outputs_are_those_of_the_tensors(odd_sizes: str) -> None:
    plan = planned(odd_sizes=odd_sizes)
    model = unetkit.build(plan.spec, seed=0)
    for size in ((24, 32), (21, 30) if odd_sizes == "pad" else (28, 28)):
        outputs = model(torch.zeros(2, 1, *size))
        assert outputs._fields == tuple(plan.outputs) == ("mask", "distance", "level_1", "bottom")
        assert {name: tuple(one.shape[2:]) for name, one in outputs._asdict().items()} == plan.output_sizes(size)
        assert [one.shape[1] for one in outputs] == [2, 1, 1, 1]


def test_sizes_are_accepted_where_all_outputs_exist() -> None:
    plan = planned(head={"padding": "valid", "kernel": 5}, heads={"mask": {}, "bottom": {"at": 2}})
    assert plan.accepted[0].minimum == 20  # 5 samples at the bottom
    with pytest.raises(unetkit.SizeError):
        plan.output_sizes((16, 20))


def test_each_output_has_its_grid_and_receptive_field() -> None:
    plan = planned()
    assert [float(grid.start) for grid in plan.output_grid((32, 32), "distance")] == [1.0, 1.0]
    assert [(float(grid.start), float(grid.step)) for grid in plan.output_grid((32, 32), "level_1")] == [(0.5, 2.0)] * 2
    fields = {name: plan.receptive_fields_of(name)[0] for name in plan.outputs}
    mask, distance = fields["mask"], fields["distance"]
    assert mask is not None and distance is not None and distance[1] > mask[1]
    assert plan.receptive_field == (distance[1],) * 2


def test_a_padded_image_has_the_grid_of_the_image() -> None:
    plan = planned(odd_sizes="pad")
    assert float(plan.output_grid((30, 30), "mask")[0].start) == 0
    assert float(plan.output_grid((30, 30), "level_1")[0].start) == -0.5  # one pixel is padded before the image


def test_labels_are_cut_to_each_output() -> None:
    plan = planned()
    assert plan.crop_target((32, 32), "distance") == (slice(1, 31), slice(1, 31))
    assert plan.crop_target((32, 32)) == (slice(0, 32), slice(0, 32))
    with pytest.raises(ValueError, match="a sample every 2 pixels"):
        plan.crop_target((32, 32), "level_1")


def test_show_describes_each_output() -> None:
    plan = planned()
    values = plan.describe((32, 32))
    assert values["outputs"]["level_1"] == {
        "channels": 1,
        "size": [16, 16],
        "grid": [{"start": 0.5, "step": 2.0}] * 2,
        "receptive_field": [widths and widths[1] for widths in plan.receptive_fields_of("level_1")],
        "when": "training",
    }
    assert values["parameters"] == plan.parameters > values["inference_parameters"]
    assert values["output_size"] == values["outputs"]["mask"]["size"]


def test_a_supervised_network_and_its_inference_part_have_the_same_weights() -> None:
    pre = {"type": "double_conv", "order": "norm_act_conv"}  # whose bias depends on what reads the block
    heads = {"output": {}, "aux": {"at": 1, "when": "training"}}
    whole = unetkit.plan(unetkit.load(SMALL | {"block": pre, "heads": heads}))
    alone = unetkit.plan(unetkit.load(SMALL | {"block": pre}))
    assert whole.for_inference().digest == alone.digest
    assert whole.parameters == alone.parameters + 9


def test_several_outputs_take_memory_until_the_end() -> None:
    plan = planned(heads={"mask": {}, "early": {"at": 2}})
    alone = planned(heads={"mask": {}})
    run = unetkit.planning.needed_memory
    assert run(plan, (64, 64)).inference >= run(alone, (64, 64)).inference
    supervised = planned(heads={"mask": {}, "early": {"at": 2, "when": "training"}})
    assert run(supervised, (64, 64)).inference == run(alone, (64, 64)).inference
    assert run(supervised, (64, 64)).training > run(alone, (64, 64)).training


SEVERAL: dict[str, Any] = {
    "mask": {"at": ["side_0", "side_1", 2]},
    "side_0": {"when": "training"},
    "side_1": {"at": 1, "when": "never"},
}


@pytest.mark.parametrize("merge", [{}, {"merge_by": "add", "method": "nearest"}])
def test_a_head_of_several_maps_reads_them_at_the_resolution_of_the_first(merge: dict[str, str]) -> None:
    sides = {f"side_{level}": {"at": level, "when": "training"} for level in range(3)}
    plan = planned(heads={"mask": {"at": list(sides), "merge": merge}, **sides})
    model = unetkit.build(plan.spec, seed=0).train()
    with torch.no_grad():
        outputs = model(torch.rand(2, 1, 24, 32))
        method = "nearest" if merge else "bilinear"
        maps = [torch.nn.functional.interpolate(one, size=(24, 32), mode=method) for one in outputs[1:]]
        merged = sum(maps[1:], maps[0]) if merge else torch.cat(maps, 1)
        torch.testing.assert_close(outputs.mask, model.get_submodule("heads.mask")(merged))
    assert {name: tuple(one.shape[2:]) for name, one in outputs._asdict().items()} == plan.output_sizes((24, 32))
    assert tuple(plan.for_inference().outputs) == ("mask",)
    assert float(plan.output_grid((24, 32), "mask")[0].start) == 0
    assert for_inference(model).state_dict().keys() == model.state_dict().keys()


def test_tiles_of_a_head_of_several_maps_are_exact() -> None:
    model = unetkit.build(planned(heads=SEVERAL).spec, seed=0).eval()
    image = torch.rand(1, 96, 88).numpy()
    whole, tiled = unetkit.predict(model, image, None), unetkit.predict(model, image, 40, exact=True)
    assert abs(whole - tiled).max() < 1e-6


def test_the_digest_tells_outputs_apart() -> None:
    one = planned(heads={"a": {}, "b": {}})
    assert one.digest != planned(heads={"b": {}, "a": {}}).digest
    assert one.digest != planned(heads={"a": {}, "b": {"when": "training"}}).digest


@sharded(200, 2)
def test_several_outputs_of_any_network_are_what_its_plan_says(data: st.DataObject) -> None:
    """Sizes, parameters, canonical form, inference without outputs for training, and the written code."""
    alone = data.draw(specs(max_depth=4))
    try:
        spec = unetkit.load(alone.resolve() | {"heads": data.draw(heads(alone))})
        plan = unetkit.plan(spec)
    except unetkit.SpecError as error:  # a head that does not fit where it reads
        assert {fault.code for fault in error.faults} <= {"block-wiring", "no-effect", "wrong-value"}
        return
    assert unetkit.load(spec.resolve()) == spec
    left = plan.for_inference()
    assert unetkit.plan(unetkit.load(left.spec.resolve())).digest == left.digest
    size = tuple(sizes.above(12) for sizes in plan.accepted)
    if None in size:
        return
    try:
        wanted = plan.output_sizes(size)  # type: ignore[arg-type]
    except unetkit.SizeError:  # too small for all axes together
        return
    model = unetkit.build(spec, seed=0).eval()
    assert sum(weight.numel() for weight in model.parameters()) == plan.parameters
    image = torch.rand(1, spec.in_channels, *size)  # type: ignore[arg-type]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", unetkit.AlignmentWarning)
        outputs, apart = model(image), for_inference(model)(image)
    names = tuple(left.outputs)
    found = {names[0]: outputs} if len(names) == 1 else outputs._asdict()
    assert {name: tuple(one.shape[2:]) for name, one in found.items()} == {name: wanted[name] for name in names}
    assert all(torch.allclose(one, other) for one, other in zip(outputs, apart, strict=True))
    if data.draw(st.integers(0, 3)) == 0:
        namespace: dict[str, Any] = {"__name__": "written"}
        exec(compile(code(plan), "network.py", "exec"), namespace)  # noqa: S102 - what unetkit wrote
        written = namespace["UNet"]().eval()
        written.load_state_dict(model.state_dict())
        with torch.no_grad():
            again = written(image)
        assert all(torch.equal(one, other) for one, other in zip(outputs, again, strict=True))
