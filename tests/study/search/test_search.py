"""Search without training: limits, the space, the front and its files."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import unetkit
from tests.study.studies import study_file
from unetkit.errors import FileError, SpecError, UnetkitError
from unetkit.study.search import (
    SearchOptions,
    SearchSpace,
    candidates,
    check_folder,
    limits_of,
    load_space,
    search_front,
    write_front,
)
from unetkit.study.search.candidates import GLOBAL, plan_candidates
from unetkit.study.search.front import diverse_front, front_of, nondominated

HEAD = """\
unetkit: 1
base: {unetkit: 1, name: tiny, in_channels: 1, out_channels: 2, channels: {base: 8, levels: 3}}
training: {steps: 10, batch: 2, patch: 32}
"""
AXES = """\
axes:
  channels.base: [4, 8, 16]
  training.batch: [2, 4]
  block.kernel: [3, 5]
  norm: [none, batch, instance]
"""


def space(folder: Path, text: str = AXES) -> SearchSpace:
    return load_space(study_file(folder, text, head=HEAD))


def test_quantities_are_those_of_each_network_planned_alone(tmp_path: Path) -> None:
    searched = space(tmp_path)
    limits = limits_of({"parameters": "<40k", "macs": "<200M at 64", "memory": "<50MB"})
    found = plan_candidates(searched, limits, searched.indices(1000, 0))
    expected = {}
    for index in range(searched.size):
        candidate = searched.candidate(index)
        assert candidate is not None
        made = unetkit.plan(searched.base.loaded(tuple(candidate.settings)))
        values = made.parameters, made.macs((64, 64))
        if values[0] < 40_000 and values[1] < 200_000_000:
            expected[index] = values
    got = dict(
        zip(found.indices, zip(found.quantities["parameters"], found.quantities["macs"], strict=True), strict=True)
    )
    assert got == expected
    assert 0 < len(got) < searched.size == 36
    assert {"macs", "parameters"} >= set(found.outside)
    assert max(found.quantities["receptive_field"]) == GLOBAL


SPANS = {
    "channels.base": "[4, 8, 12]",
    "channels.levels": "[2, 3]",
    "block.kernel": "[1, 3, 5]",
    "block": "[double_conv, residual, {type: single_conv, norm: group}]",
    "levels.0.encoder.block.kernel": "[1, 3]",
    "levels.1.block.kernel": "[3, 5]",
    "levels.2.encoder": "[{block: {kernel: 1}}, {block: {kernel: 5}}]",
    "encoder.block.kernel": "[3, 7]",
    "norm": "[none, batch, instance]",
    "act": "[relu, leaky_relu]",
    "skip": "[concat, add, none]",
    "up": "[transposed_conv, interpolate, {type: interpolate, conv: 1}]",
    "down": "[max_pool, strided_conv]",
    "head.kernel": "[1, 3]",
    "block.bias": "[true, auto]",
    "training.patch": "[32, 64]",
}


@pytest.mark.parametrize("seed", range(8))
def test_networks_counted_part_by_part_have_the_quantities_of_whole_plans(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes = random.Random(seed).sample(sorted(SPANS), 5)
    searched = space(tmp_path, "axes:\n" + "".join(f"  {axis}: {SPANS[axis]}\n" for axis in axes))
    limits = limits_of({"parameters": "<60k", "receptive_field": ">9"})
    results: list[object] = []
    for whole in (False, True):
        if whole:
            monkeypatch.setattr(candidates._Planner, "blocks", lambda self, index, choice: "unknown")
        try:
            found = plan_candidates(searched, limits, searched.indices(150, seed))
        except SpecError as error:
            results.append(str(error))
        else:
            results.append((found.json(), found.reason, found.indices, found.quantities))
    assert results[0] == results[1]


def test_networks_of_equal_sizes_share_a_whole_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched, planned = space(tmp_path), []
    assert searched.axes[searched.decoded[-1]].name == "training.batch"
    loaded = type(searched.base).loaded

    def counted(base: object, settings: tuple[object, ...]) -> object:
        planned.append(settings)
        return loaded(base, settings)  # type: ignore[arg-type]

    monkeypatch.setattr(type(searched.base), "loaded", counted)
    plan_candidates(searched, limits_of({}), searched.indices(1000, 0))
    assert len(planned) == 4  # two kernels, with instance norm or without


def test_more_combinations_than_are_planned_are_drawn_without_repetition(tmp_path: Path) -> None:
    searched = space(tmp_path)
    drawn = list(searched.indices(10, 3))
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 10
    assert drawn != list(searched.indices(10, 4))


@pytest.mark.parametrize(
    ("quantity", "text", "said"),
    [
        ("parameters", "2M", "'2M' is no limit"),
        ("parameters", "<2MB", "parameters has no unit B"),
        ("memory", "<5MB at 64", "only multiply-adds depend on a size"),
        ("receptive_field", ">50,<40", "nothing is >50 and <40"),
        ("macs", "<0", "the number is 0"),
    ],
)
def test_wrong_limits_are_told_with_place_rule_and_cure(quantity: str, text: str, said: str) -> None:
    with pytest.raises(UnetkitError) as error:
        limits_of({quantity: text})
    (fault,) = error.value.faults
    assert said in fault.message
    assert fault.cure
    assert fault.place is not None
    assert fault.place.file == f"--{quantity.replace('_', '-')}"


def test_numbers_in_limits_have_prefixes_and_separators() -> None:
    limits = limits_of({"memory": "<1.5GiB", "parameters": ">1,000,<=2_000"})
    assert limits.by_quantity["memory"][0].number == 1.5 * 2**30
    assert [limit.number for limit in limits.by_quantity["parameters"]] == [1000, 2000]


def test_the_front_has_what_no_other_point_dominates() -> None:
    points = np.unique(np.random.default_rng(0).integers(0, 12, (200, 3)), axis=0)
    expected = [not any((other <= one).all() and (other != one).any() for other in points) for one in points]
    assert nondominated(points).tolist() == expected


def test_the_kept_networks_are_on_the_front_and_differ(tmp_path: Path) -> None:
    searched = space(tmp_path)
    found = plan_candidates(searched, limits_of({}), searched.indices(1000, 0))
    order = list(diverse_front(searched, found, front_of(found)))
    assert len(order) == len(set(order))
    whole = search_front(searched, limits_of({}), SearchOptions(keep=4))
    assert len(whole.networks) == 4
    assert len({network.arm.identity for network in whole.networks}) == 4
    assert max(found.quantities["parameters"]) in [network.quantities["parameters"] for network in whole.networks]


def test_specs_of_a_search_are_networks_with_the_quantities_of_the_table(tmp_path: Path) -> None:
    whole = search_front(space(tmp_path), limits_of({"macs": "<1G at 64"}), SearchOptions(keep=3))
    write_front(whole, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "front.csv",
        "front.html",
        "search.json",
        "specs",
    ]
    for number, network in enumerate(whole.networks, 1):
        made = unetkit.plan(unetkit.load(tmp_path / "out" / "specs" / f"{number:02}.yaml"))
        assert made.parameters == network.quantities["parameters"]
        assert made.macs((64, 64)) == network.quantities["macs"]


def test_only_files_of_a_search_are_replaced(tmp_path: Path) -> None:
    whole = search_front(space(tmp_path), limits_of({}), SearchOptions(keep=1))
    write_front(whole, tmp_path / "out")
    with pytest.raises(FileError):
        check_folder(tmp_path / "out", [])
    check_folder(tmp_path / "out", [], overwrite=True)
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(FileError, match="out holds mine.txt"):
        check_folder(tmp_path / "out", [], overwrite=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("axes: {block.kernal: [3, 5]}\n", "unknown-key"),
        ("axes: {channels.base: [4]}\ndesign: paired\n", "no-effect"),
        ("seeds: 3\n", "missing-key"),
    ],
)
def test_faults_of_a_space_are_told(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(SpecError) as error:
        searched = space(tmp_path, text)
        search_front(searched, limits_of({}))
    assert [fault.code for fault in error.value.faults] == [code]


def test_a_search_without_networks_within_limits_says_what_was_outside(tmp_path: Path) -> None:
    with pytest.raises(UnetkitError, match="none of 36 combinations is within the limits: 36 by parameters"):
        search_front(space(tmp_path), limits_of({"parameters": "<10"}))


def test_conditions_leave_combinations_out(tmp_path: Path) -> None:
    searched = space(tmp_path, AXES + "exclude: [{block.kernel: 5, norm: batch}]\n")
    found = plan_candidates(searched, limits_of({}), searched.indices(1000, 0))
    assert found.excluded == 6
    assert len(found.indices) == 30
