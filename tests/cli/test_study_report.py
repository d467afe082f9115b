"""unetkit study report: from a study's folder to its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.package.test_light_import import CLI, imported
from tests.support.commandline import answer, run
from unetkit.study import load_study
from unetkit.study.results.collecting import collect, plan_in, results_in
from unetkit.study.results.pictures import colours_in, pictures_in, write_pictures
from unetkit.study.results.results import StudyError

STUDY = """
unetkit: 1
name: small
description: Do more channels help?
base: {extends: unet-small, channels: [4, 8]}
data: {dataset: mni}
training: {steps: 10, batch: 2}
axes:
  channels: [[8, 16]]
seeds: 3
margin: 0.02
"""


def result(shift: float, seed: int) -> dict[str, Any]:
    """Returns what a run writes."""
    images = [
        {"image": f"i{image}", "class": name, "dice": 0.6 + shift + (image + 2 * seed) % 5 / 100 + k / 10, "iou": None}
        for image in range(4)
        for k, name in enumerate(("background", "grey"))
    ]
    return {
        "steps": 10,
        "loss": [[5, 0.9], [10, 0.5]],
        "validation": [[10, 0.6]],
        "scores": {"split": "test", "images": images},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a study in which one run is missing."""
    return write_folder(tmp_path)


def write_folder(home: Path) -> Path:
    """Writes the folder of a study in which one run is missing, and returns it."""
    home.mkdir(exist_ok=True)
    (home / "study.yaml").write_text(STUDY)
    study = load_study(str(home / "study.yaml"))
    (home / "plan.json").write_text(json.dumps(study.json()))
    for one in study.runs[:-1]:
        target = home / "runs" / one.id
        target.mkdir(parents=True)
        shift = 0.0 if one.arm is study.base else 0.05 + one.seed / 1000
        (target / "result.json").write_text(json.dumps(result(shift, one.seed)))
        spec = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}
        (target / "run.yaml").write_text(json.dumps({"unetkit": 1, "spec": spec, "training": {"steps": 10}}))
        (target / "timing.json").write_text(json.dumps({"seconds": 3.5, "versions": {"torch": "2.6"}, "threads": 1}))
    return home


def test_a_pilot_says_how_many_seeds_a_difference_of_the_margin_takes(folder: Path) -> None:
    values = answer("study", "plan", folder / "study.yaml", "--pilot", folder)["pilot"]
    (one,) = values["estimates"]
    assert values["margin"] == 0.02 and one["arm"] == "channels=[8, 16]" and one["pairs"] == 2 and one["seeds"] >= 2
    printed = run("study", "plan", folder / "study.yaml", "--pilot", folder).stdout
    assert "by the pilot, a true difference of 0.02 is called in 80 % of studies with 1 comparisons" in printed


def test_a_report_is_written_and_its_summary_printed(folder: Path) -> None:
    printed = run("study", "report", folder)
    first, second, third, _, page = printed.stdout.splitlines()
    assert first.startswith(
        "This study compares 1 variant with “base” by Dice on 4 test images, with 3 seeds each: 5 of 6"
    )
    assert "scores higher than “base”" in second and third
    assert page == str(folder / "report" / "report.html")
    text = Path(page).read_text(encoding="utf-8")
    for part in (
        "torch",
        "Do more channels help?",
        "seeds: 3",
        "First run, as resolved",
        "Its network is that of the base",
    ):
        assert part in text, part


def test_as_json_it_says_where_the_page_is_and_every_number(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    values = answer("study", "report", folder, "--metric", "dice", "--margin", "0.5", "-o", other)
    assert values["report"] == str(other / "report.html") and len(values["summary"]) == 3
    assert values["settings"]["margin"] == 0.5
    assert values["comparisons"][0]["seeds"] == [0, 1]


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    printed = run("study", "report", str(tmp_path), code=1)
    assert printed.stderr.startswith(f"error[study-folder]: {tmp_path} holds no plan.json\n   Name the folder that")


def test_a_metric_that_no_run_has_is_refused(folder: Path) -> None:
    printed = run("study", "report", str(folder), "--metric", "hd95", code=1)
    assert printed.stderr == "error[study-metric]: small: no run has the metric hd95\n   Known: dice, iou.\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "it is no JSON"), ("[]", "it holds no map"), ("{}", "it lacks 'steps'")],
)
def test_a_result_that_cannot_be_read_is_named(folder: Path, text: str, reason: str) -> None:
    file = next(iter((folder / "runs").iterdir())) / "result.json"
    file.write_text(text)
    with pytest.raises(StudyError) as caught:
        results_in(folder)
    assert str(caught.value).startswith(f"error[result-unreadable]: {file} cannot be read: {reason}\n")


def test_what_is_not_done_failed_or_is_still_to_come(folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text())
    last = plan["runs"][-1]["id"]
    assert [each.state for each in results_in(folder).runs] == [*["done"] * 5, "missing"]
    failed = collect(plan_in(folder), folder / "runs", {last: "killed by signal 9"}).runs[-1]
    assert (failed.state, failed.reason) == ("failed", "killed by signal 9")


def test_pictures_in_run_folders_are_found_whatever_their_image_is_called(tmp_path: Path) -> None:
    from unetkit.scoring.figure import Example

    labels = np.eye(8, dtype=np.int64)
    image = np.random.default_rng(0).random((1, 8, 8)).astype(np.float32)
    colours = {"background": (0, 0, 0), "line": (255, 0, 0)}
    write_pictures(tmp_path, [Example("a/b 1.tif", image, labels, 1 - labels)], colours)
    (found,) = pictures_in(tmp_path)
    assert found.image == "a/b 1.tif"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in found[1:])
    found.truth.unlink()
    assert pictures_in(tmp_path) == () == pictures_in(tmp_path / "nowhere")
    assert colours_in(tmp_path) == colours and colours_in(tmp_path / "nowhere") == {}


def test_a_report_needs_no_torch(folder: Path) -> None:
    assert imported(CLI.format(f"study report {folder}"), folder) == {"numpy"}
    assert (folder / "report" / "report.html").exists()
