"""Which arms a study has: designs, conditions, arms that are the same, arms that cannot be built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.study.studies import names, study
from unetkit.errors import SpecError

DATA = "unetkit: 1\ndataset: {type: folders, images: images, masks: masks}\n"
TWO_AXES = """\
axes:
  skip: [none, add]
  block.kernel: [5, 1]
"""


def test_one_at_a_time_changes_one_axis_in_each_arm(tmp_path: Path) -> None:
    found = study(tmp_path, TWO_AXES)
    assert names(found) == ["base", "skip=none", "skip=add", "block.kernel=5", "block.kernel=1"]
    assert all(len(arm.settings) == 1 for arm in found.arms[1:])


def test_full_has_every_combination_and_the_base(tmp_path: Path) -> None:
    found = study(tmp_path, TWO_AXES + "design: full\n")
    pairs = [f"skip={skip},block.kernel={kernel}" for skip in ("none", "add") for kernel in (5, 1)]
    assert names(found) == ["base", *pairs]


def test_paired_goes_through_all_axes_together(tmp_path: Path) -> None:
    found = study(tmp_path, TWO_AXES + "design: paired\n")
    assert names(found) == ["base", "skip=none,block.kernel=5", "skip=add,block.kernel=1"]


def test_arms_can_be_given_one_by_one(tmp_path: Path) -> None:
    found = study(tmp_path, "arms:\n  bare: {skip: none, norm: none}\n  deep: {channels.levels: 4}\n")
    assert names(found) == ["base", "bare", "deep"]
    assert found.arms[1].settings == (("skip", "none"), ("norm", "none"))


def test_a_named_axis_sets_several_paths_under_one_label(tmp_path: Path) -> None:
    text = "axes:\n  alignment:\n    same: {}\n    crop: {block.padding: valid, skip.align: crop}\n"
    found = study(tmp_path, text)
    assert found.base.names == ("base", "alignment=same")
    assert names(found) == ["base", "alignment=crop"]
    assert dict(found.arms[1].settings) == {"block.padding": "valid", "skip.align": "crop"}


def test_labels_name_whole_blocks(tmp_path: Path) -> None:
    text = "axes:\n  up:\n    nearest: {type: interpolate, method: nearest, conv: 1}\n    linear: {type: interpolate}\n"
    found = study(tmp_path, text)
    assert names(found) == ["base", "up=nearest", "up=linear"]
    assert found.arms[1].values()["spec"]["up"]["method"] == "nearest"


def test_equal_networks_with_equal_training_are_one_arm(tmp_path: Path) -> None:
    text = "axes:\n  skip: [concat, {type: concat, align: same}, add]\n  training.batch: [2, 4]\n"
    found = study(tmp_path, text)
    assert found.base.names == ("base", "skip=concat", "skip={type: concat, align: same}", "training.batch=2")
    assert names(found) == ["base", "skip=add", "training.batch=4"]


def test_an_arm_that_cannot_be_built_is_skipped_with_its_reason(tmp_path: Path) -> None:
    found = study(tmp_path, "axes: {block.kernel: [4, 5], up: [nope]}\n")
    reasons = {arm.name: arm.skipped for arm in found.skipped}
    assert reasons.keys() == {"block.kernel=4", "up=nope"}
    assert reasons["up=nope"].startswith("up.type: no up is called 'nope'")
    assert [run.arm.name for run in found.runs[:2]] == ["base", "block.kernel=5"]


def test_when_leaves_an_axis_out_where_its_condition_does_not_hold(tmp_path: Path) -> None:
    text = """\
design: full
axes:
  skip: [concat, none]
  skip.align: [pad, crop]
when: {skip.align: {skip: concat}}
"""
    found = study(tmp_path, text)
    assert names(found) == ["base", "skip=concat,skip.align=pad", "skip=concat,skip.align=crop", "skip=none"]


def test_exclude_leaves_arms_out_and_counts_them(tmp_path: Path) -> None:
    text = TWO_AXES + "design: full\nexclude:\n  - {skip: [none, concat], block.kernel: 1}\n"
    found = study(tmp_path, text)
    assert names(found) == ["base", "skip=none,block.kernel=5", "skip=add,block.kernel=5", "skip=add,block.kernel=1"]
    assert found.excluded == 1


def test_a_condition_asks_the_base_where_the_arm_says_nothing(tmp_path: Path) -> None:
    text = TWO_AXES + "design: full\nexclude:\n  - {skip: none, block.kernel: 1, norm: batch}\n"
    assert "skip=none,block.kernel=1" not in names(study(tmp_path, text))


def test_runs_are_in_the_order_of_seeds_with_the_base_first(tmp_path: Path) -> None:
    found = study(tmp_path, "axes: {skip: [add]}\n", "seeds=[7, 3]", "fractions=[1.0, 0.5]")
    told = [(run.seed, run.fraction, run.arm.name) for run in found.runs]
    assert told == [(seed, fraction, arm) for seed in (7, 3) for fraction in (0.5, 1.0) for arm in ("base", "skip=add")]


def test_a_run_has_the_values_of_its_arm_with_seed_and_fraction(tmp_path: Path) -> None:
    found = study(tmp_path, "axes: {training.batch: [4]}\n", "seeds=[7]", "fractions=[0.5]")
    values = found.runs[1].run_values
    said = {"steps": 10, "batch": 4, "patch": 32, "seed": 7, "fraction": 0.5}
    assert values["training"] | said == values["training"]
    assert values["training"]["loss"]["type"] == "dice_ce"  # every default is filled in
    assert values["spec"]["channels"] == [8, 16, 32]


def test_equal_runs_of_two_studies_have_one_id(tmp_path: Path) -> None:
    one = study(tmp_path, "axes: {skip: [add, none]}\n")
    other = study(tmp_path, "name: other\ndesign: full\naxes: {skip: [none], block.kernel: [3, 5]}\n")
    shared = {run.id for run in one.runs} & {run.id for run in other.runs}
    assert len(shared) == 2 * 6  # base and skip=none, with six seeds
    assert len({run.id for run in one.runs}) == len(one.runs)


@pytest.mark.parametrize("change", ["training.steps=11", "data=mni", "base.norm=none", "base.init=normal"])
def test_another_training_or_network_has_another_id(change: str, tmp_path: Path) -> None:
    classes = "base.out_channels=4"  # as mni has
    assert study(tmp_path, "", classes).runs[0].id != study(tmp_path, "", classes, change).runs[0].id


def test_the_name_of_a_network_has_no_say_in_the_id(tmp_path: Path) -> None:
    assert study(tmp_path, "").runs[0].id == study(tmp_path, "", "base.name=other", "base.description=x").runs[0].id


def test_a_budget_replaces_that_of_the_training(tmp_path: Path) -> None:
    training = study(tmp_path, "budget: {minutes: 2}\n").base.training
    assert training.items() >= {"batch": 2, "patch": 32, "minutes": 2}.items() and "steps" not in training


def test_a_base_that_cannot_be_built_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"study.yaml:\d+:\d+: error\[unknown-skip\]: skip"):
        study(tmp_path, "", head="unetkit: 1\nbase: {extends: unet-small, skip: concatt}\n")


def test_a_run_file_gives_what_the_study_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "data.yaml").write_text(DATA, encoding="utf-8")
    text = "unetkit: 1\nspec: {extends: unet-small}\ndata: data.yaml\ntraining: {steps: 9, batch: 3}\n"
    (tmp_path / "deep" / "run.yaml").write_text(text, encoding="utf-8")
    found = study(tmp_path, "", head="unetkit: 1\nrun: deep/run.yaml\ntraining: {batch: 4}\n")
    values = found.base.values()
    assert values["spec"]["name"] == "unet-small"
    assert values["data"]["dataset"]["images"] == str(tmp_path / "deep" / "images")
    assert values["training"].items() >= {"steps": 9, "batch": 4}.items()
    head = "unetkit: 1\nrun: {spec: unet-small, trainig: {}}\n"
    with pytest.raises(
        SpecError, match=r"study.yaml:2:25: error\[unknown-key\].*\n.*\n.*\n   Did you mean: training\?"
    ):
        study(tmp_path, "", head=head)


def test_a_setting_inside_a_data_file_is_an_arms_own(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text(DATA, encoding="utf-8")
    found = study(tmp_path, "data: data.yaml\naxes: {data.normalization: [image], data.cache: [false]}\n")
    assert found.base.names == ("base", "data.cache=false")  # which changes nothing that a network sees
    assert [arm.values()["data"]["normalization"]["type"] for arm in found.arms] == ["dataset", "image"]
    with pytest.raises(SpecError, match=r"study.yaml:11:13: error\[unknown-key\]"):
        study(tmp_path, "data: data.yaml\naxes: {data.normalisation: [image]}\n")


def test_a_wrong_setting_of_the_training_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"training.bach: there is no key 'bach' here\n(.*\n)* +Did you mean: batch"):
        study(tmp_path, "axes: {skip.align: [pad]}\n", "training.bach=4")


LISTS = {
    "training.patch": ["[64, 64]", "[32, 48]"],
    "training.deep_supervision": ["[]", "[0.5]"],
    "training.checkpointing": ["[0]", "[0, 1]"],
    "training.logger": ["[]", "[tensorboard]"],
    "training.augmentation": ["[flip]", "[flip, {type: elastic, sigma: 4.0}]"],
    "training.loss": ["{type: cross_entropy, class_weights: [1.0, 2.0]}", "{type: focal}"],
    "channels": ["[4, 8]", "{base: 4, levels: 3}"],
    "block": ["{type: double_conv, kernel: [3, 5]}", "{type: residual, norm: {type: group, groups: 2}}"],
    "data.classes": ["[a, b]", "[a, {name: b, values: [1, 2]}]"],
    "data.ignore": ["[7, 8]", "7"],
    "data.split": ["{type: ratio, test: 2, validation: 0}", "{type: block, test: 1, validation: 0}"],
}
"""Lists and maps as values, by the path of an axis."""


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("design", ["one_at_a_time", "full"])
def test_lists_and_maps_are_values_like_others(path: str, design: str, tmp_path: Path) -> None:
    data = "data: {dataset: {type: folders, images: images, masks: masks}}\n"
    axis = f"design: {design}\naxes: {{{path}: [{', '.join(LISTS[path])}]}}\n"
    made = study(tmp_path, data + axis)
    assert not [arm.skipped for arm in made.arms if arm.skipped]
    assert len({one.id for one in made.runs}) == len(made.runs) == 6 * len(made.arms)
    assert json.loads(json.dumps([arm.json(memory=True) for arm in made.arms]))
    labelled = f"axes: {{own: {{one: {{{path}: {LISTS[path][0]}}}, two: {{{path}: {LISTS[path][1]}}}}}}}\n"
    assert {arm.identity for arm in study(tmp_path, data + labelled).arms} >= {arm.identity for arm in made.arms[1:]}


def test_a_patch_with_a_number_per_axis_may_stand_in_the_base(tmp_path: Path) -> None:
    said = study(tmp_path, "axes: {norm: [none]}\n", "training.patch=[64, 64]")
    assert [arm.facts.input_size for arm in said.arms if arm.facts] == [(64, 64), (64, 64)]
    assert study(tmp_path, "axes: {training.patch: [[64], [8, 8, 8]]}\n").arms[1].skipped.endswith("1 value for 2 axes")
