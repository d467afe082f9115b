"""unetkit study plan: the table, the JSON, the warnings and the refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.study.studies import BASE, study_file
from tests.support.commandline import answer, run
from unetkit.errors import SpecError
from unetkit.language import load
from unetkit.study import load_study, shipped_studies
from unetkit.study.advice import enough, warnings
from unetkit.study.matrix.arm_planner import QUICK_WORK
from unetkit.study.matrix.base_config import BaseConfig
from unetkit.study.matrix.dataset import check_fitting

DATA = "unetkit: 1\ndataset: {type: folders, images: images, masks: masks}\n"
AXES = "axes:\n  skip: [none]\n  block.kernel: [1, 4]\n"


@pytest.mark.parametrize("name", shipped_studies())
def test_every_shipped_study_is_planned_whole(name: str) -> None:
    found = answer("study", "plan", name)
    assert found["name"] == name
    assert found["description"]
    assert all(not arm["skipped"] for arm in found["arms"])
    assert all(arm["memory"] for arm in found["arms"])
    assert len(found["runs"]) == len(found["arms"]) * len(found["seeds"]) * len(found["fractions"])


def test_the_table_shows_arms_differences_costs_skips_and_warnings(tmp_path: Path) -> None:
    told = run("study", "plan", study_file(tmp_path, AXES), "--set", "seeds=5").stdout
    assert "study\nbase tiny, 2 axes, one at a time\n" in told
    assert "skip: concat → none" in told
    assert "skipped block.kernel=4: block.kernel: " in told
    assert "3 arms × 5 seeds = 15 runs" in told
    assert "warning: 1 arm cannot be built and is skipped\n" in told
    assert "warning: 5 seeds cannot reach p < .05 with a sign-flip test; 6 can\n" in told
    assert "warning: axis block.kernel changes the parameter count 5.0 ×: a difference may be one of size;" in told


def test_many_arms_are_shown_in_part_unless_all_are_asked_for(tmp_path: Path) -> None:
    file = study_file(tmp_path, f"axes: {{channels.base: [{', '.join(map(str, range(9, 69)))}]}}\n")
    assert "… and 11 more arms, which --all and --json show" in run("study", "plan", file).stdout
    assert "more arms" not in run("study", "plan", file, "--all").stdout


@pytest.mark.parametrize(
    ("base", "axes"),
    [
        (
            "base: {extends: unet-same, out_channels: 4}\n",
            {f"levels.{level}.block.kernel": [1, 3, 5, 7] for level in range(5)},
        ),
        (
            "match: parameters\nbase: {extends: unet-same, out_channels: 4,"
            " channels: {base: 2, growth: 1, levels: 10}}\n",
            {"block.kernel": [1, 3, 5, 7, 9, 11, 13, 15], "skip": ["concat", "add", "none", "attention"]},
        ),
        ("base: {extends: unet-same, out_channels: 4}\n", {"block.kernel": [*range(1, 800)]}),
    ],
)
def test_what_takes_more_than_about_a_second_is_planned_with_all_alone(
    base: str, axes: dict[str, list[object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "large.yaml"
    kept = "unetkit: 1\ndata: {dataset: mni}\nbudget: {steps: 9}\ntraining: {patch: 512}\ndesign: full\n"
    file.write_text(kept + base + yaml.safe_dump({"axes": axes}, sort_keys=False))
    planned: list[object] = []
    monkeypatch.setattr("unetkit.study.matrix.base_config.BaseConfig.network", counted(planned, BaseConfig.network))
    told = run("study", "plan", file, code=1).stderr
    assert "error[too-many-arms]" in told and "Add --all" in told
    assert len(planned) <= QUICK_WORK + 1


def counted(calls: list[object], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its calls counted."""

    def call(*arguments: Any) -> Any:
        calls.append(arguments[-1])
        return function(*arguments)

    return call


def test_hours_follow_from_a_budget_of_minutes_and_are_refused_before_the_start(tmp_path: Path) -> None:
    file = study_file(tmp_path, "axes: {skip: [none]}\nbudget: {minutes: 30}\n")
    assert answer("study", "plan", file)["cost"]["hours"] == 6
    run("study", "plan", file, "--max-hours", "6")
    told = run("study", "plan", file, "--max-hours", "5", code=1).stderr
    assert told.startswith("error[too-long]: 12 runs take about 6.0 hours one after another, allowed are 5\n")


def test_a_few_timed_steps_say_how_long_a_run_takes(tmp_path: Path) -> None:
    file = study_file(tmp_path, "axes: {skip: [none]}\n", head=BASE.replace("32", "16"))
    assert answer("study", "plan", file)["cost"]["hours"] is None
    cost = answer("study", "plan", file, "--time", "1")["cost"]
    assert cost["seconds_per_run"].keys() == {"base", "skip=none"}
    assert 0 < cost["hours"] < 1


def test_data_can_be_given_on_the_command_line(tmp_path: Path) -> None:
    file, other = study_file(tmp_path, "data: mine.yaml\n"), tmp_path / "other.yaml"
    told = run("study", "plan", file, code=1).stderr.replace(f"{tmp_path}/", "")
    assert told.startswith("study.yaml:10:7: error[file-missing]: data: there is no file mine.yaml\n")
    (tmp_path / "mine.yaml").write_text(DATA, encoding="utf-8")
    other.write_text(DATA + "ignore: 7\n", encoding="utf-8")
    ids = [answer("study", "plan", file, *data)["runs"][0]["id"] for data in ((), ("--data", str(other)))]
    assert len(set(ids)) == 2
    other.write_text(DATA + "ignore: 8\n", encoding="utf-8")
    assert answer("study", "plan", file, "--data", str(other))["runs"][0]["id"] not in ids


def test_so_many_seeds_are_enough_and_one_less_is_not() -> None:
    for comparisons in range(1, 50):
        seeds = enough(comparisons)
        assert comparisons * 2 / 2**seeds < 0.05 <= comparisons * 2 / 2 ** (seeds - 1)


def test_seeds_that_holm_makes_too_few_are_told(tmp_path: Path) -> None:
    found = load_study(study_file(tmp_path, "axes: {skip: [none, add]}\n"))
    message = "6 seeds cannot reach p < .05 with a sign-flip test in 2 comparisons corrected by Holm's method; 7 can"
    assert message in list(warnings(found))


def test_a_study_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    told = run("study", "plan", "aligment", code=1).stderr
    assert told.startswith("error[unknown-study]: there is no study 'aligment', neither a file nor shipped\n")
    assert "Did you mean: alignment?" in told


def test_names_of_one_arm_and_its_changes_stand_below_one_another(tmp_path: Path) -> None:
    axes = "axes:\n  norm: [batch]\n  both: {x: {skip: none, norm: none}}\n"
    told = run("study", "plan", study_file(tmp_path, axes), "--set", "seeds=1")
    assert "\n= norm=batch" in told.stdout
    assert "\\n" not in told.stdout
    assert "2 arms × 1 seed = 2 runs" in told.stdout


def test_what_is_taken_from_a_folder_of_data_is_shown(tmp_path: Path) -> None:
    for part, values in (("images", (10, 200)), ("masks", (0, 255))):
        (tmp_path / "d" / part).mkdir(parents=True)
        for name in "ab":
            pixels = np.full((8, 8), values[0], np.uint8)
            pixels[:4] = values[1]
            Image.fromarray(pixels).save(tmp_path / "d" / part / f"{name}.png")
    found = run("study", "plan", study_file(tmp_path, f"data: {tmp_path / 'd'}\naxes: {{skip: [none]}}\n"))
    assert "   classes: [background, {name: object, values: [255]}]\n" in found.stderr
    assert "read as" not in found.stdout


@pytest.mark.parametrize("key", ["in_channels", "out_channels"])
def test_the_base_that_does_not_fit_the_data_is_mended_by_the_cure(key: str, tmp_path: Path) -> None:
    data = {"channels": 5, "classes": list("abcdefg")}
    spec = load("unet-small", ["in_channels=5"] if key == "out_channels" else ["out_channels=7"])
    with pytest.raises(SpecError) as error:
        check_fitting(spec, {"dims": 2, **data}, {}, "unet-small")
    [fault] = error.value.faults
    assert fault.path == key
    base = yaml.safe_load(fault.cure.removeprefix("Write ").removesuffix("."))["base"]
    assert base == {"extends": "unet-small", key: {"in_channels": 5, "out_channels": 7}[key]}
