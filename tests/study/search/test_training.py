"""Search with training: successive halving on validation images, confirmed with fresh seeds on test images."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.study.studies import study_file
from tests.support.photos import write_photos
from unetkit.errors import SpecError, UnetkitError
from unetkit.study import RunOptions, StudyListener, execution, load_study
from unetkit.study.report import writing
from unetkit.study.results.exit_status import ExitStatus
from unetkit.study.runs.task import Outcome, Task
from unetkit.study.search import (
    FoundFront,
    SearchOptions,
    check_training,
    confirmation,
    limits_of,
    load_space,
    search_front,
)
from unetkit.study.search.confirmation import ConfirmedSearch, confirm
from unetkit.study.search.halving import promoted

HEAD = """\
unetkit: 1
name: tiny
base: {extends: unet-small, name: tiny, channels: [4, 8]}
data: {dataset: mni}
training: {batch: 2}
"""
TEXT = """\
seeds: 2
budget: {steps: 9}
axes:
  channels: [[4, 4], [4, 6], [4, 8], [4, 10], [4, 12], [4, 14], [4, 16], [4, 18], [4, 20]]
"""


class Stopped(Exception):
    """The machine went down."""


@dataclass
class Scored(Executor):
    """Writes the results of a run at once, in place of training; goes down after a number of runs."""

    score: Callable[[int, int], float | None]
    """The validation score of a width after a number of steps; None where the run fails."""
    life: int = 10**6
    done: list[tuple[str, int, int, int]] = field(default_factory=list)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if len(self.done) == self.life:
            raise Stopped
        future: Future[Any] = Future()
        future.set_result(self.write(args[0]))
        return future

    def write(self, task: Task) -> Outcome:
        folder = Path(task.folder)
        values = yaml.safe_load((folder / "run.yaml").read_text())
        width, training = values["spec"]["channels"][1], values["training"]
        self.done.append((folder.parents[1].name, width, training["steps"], training["seed"]))
        score = self.score(width, training["steps"])
        status = ExitStatus(0) if score is not None else ExitStatus(1, "it diverged")
        if score is not None:
            images = [{"image": f"i{k}", "class": "grey", "dice": score + training["seed"] / 1000} for k in range(3)]
            result = {"steps": 9, "loss": [], "validation": [[1, 0.1], [9, score]], "scores": {"images": images}}
            (folder / "result.json").write_text(json.dumps(result))
        status.write(folder)
        return Outcome(status, 1.0, {})


def wide_is_better(width: int, steps: int) -> float:
    """Rises with the width, but the widest learns too slowly for the first round."""
    return 0.2 if width == 20 and steps < 3 else (50 + width) / 100


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> FoundFront:
    file = study_file(tmp_path_factory.mktemp("space"), TEXT, head=HEAD)
    return search_front(load_space(file), limits_of({}), SearchOptions(keep=9))


@pytest.fixture
def trained(found: FoundFront, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Scored], ConfirmedSearch]:
    monkeypatch.setattr(writing, "page", lambda view, status: "")

    def do(folder: Path, scored: Scored) -> ConfirmedSearch:
        for module in (execution, confirmation):
            monkeypatch.setattr(module, "open_engine", lambda name, options: nullcontext(scored))
        return confirm(found, folder, 2, RunOptions(at_once=2), StudyListener())

    return do


def test_the_better_third_trains_on_and_finalists_are_confirmed_with_fresh_seeds(
    found: FoundFront, trained: Callable[[Path, Scored], ConfirmedSearch], tmp_path: Path
) -> None:
    scored = Scored(wide_is_better)
    result = trained(tmp_path, scored)
    widths = [dict(one.arm.settings)["channels"][1] for one in found.networks]
    trials = [(width, steps) for folder, width, steps, _ in scored.done if folder == "trials"]
    assert [width for width, steps in trials if steps == 1] == widths
    assert sorted(width for width, steps in trials if steps == 3) == [14, 16, 18]
    assert [width for width, steps in trials if steps == 9] == [18]
    assert [(widths[one.number - 1], one.steps) for one in result.finalists] == [(18, 9), (16, 3)]
    confirmed = [(width, steps, seed) for folder, width, steps, seed in scored.done if folder == "confirmation"]
    assert sorted(confirmed) == [(width, 9, seed) for width in (8, 16, 18) for seed in (0, 1)]
    assert {seed for folder, _, _, seed in scored.done if folder == "trials"} == {2}
    study = load_study(tmp_path / "confirmation.yaml")
    identities = {one.arm.identity for one in found.networks}
    assert {arm.identity for arm in study.arms} <= identities
    assert result.report is not None and result.failures == {}
    assert (tmp_path / "trials.csv").read_text().splitlines()[1].split(",")[1:] == ["9", "0.68"]


@pytest.mark.parametrize("life", [1, 8])
def test_a_search_that_is_stopped_at_any_moment_takes_the_same_decisions(
    life: int, trained: Callable[[Path, Scored], ConfirmedSearch], tmp_path: Path
) -> None:
    whole = Scored(wide_is_better)
    expected = trained(tmp_path / "whole", whole)
    done: list[tuple[str, int, int, int]] = []
    for _ in range(30):
        scored = Scored(wide_is_better, life)
        try:
            result = trained(tmp_path / "parts" / "search", scored)
        except Stopped:
            done += scored.done
        else:
            done += scored.done
            break
    assert done == whole.done
    assert result.finalists == expected.finalists
    assert not list(tmp_path.rglob(".unetkit-*"))


def test_a_network_whose_run_fails_is_out(trained: Callable[[Path, Scored], ConfirmedSearch], tmp_path: Path) -> None:
    scored = Scored(lambda width, steps: None if (width, steps) == (18, 3) else wide_is_better(width, steps))
    result = trained(tmp_path, scored)
    assert [(folder, width) for folder, width, steps, _ in scored.done if steps == 9][0] == ("trials", 16)
    assert result.failures == {}
    assert trained(tmp_path, Scored(wide_is_better)).finalists == result.finalists


def test_a_search_in_which_nothing_can_be_trained_says_why(
    trained: Callable[[Path, Scored], ConfirmedSearch], tmp_path: Path
) -> None:
    with pytest.raises(UnetkitError, match="no network could be trained: it diverged"):
        trained(tmp_path, Scored(lambda width, steps: None))


def test_about_one_network_in_three_goes_on() -> None:
    for number in (1, 2, 3, 5, 9, 27):
        scores = {one: ((one * 37) % 101) / 101 for one in range(number)}
        kept = promoted(scores)
        assert len(kept) <= number // 3 + 1
        assert min(scores[one] for one in kept) >= max([0, *(scores[one] for one in scores if one not in kept)])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (("budget=null", "training.epochs=2"), "search-budget"),
        (("data.split.validation=0",), "search-split"),
        (("data.split.test=0",), "search-split"),
        (("axes.division={one: {data.split.seed: 1}, two: {data.split.seed: 2}}",), "search-axis"),
        (("metric=dise",), "metric-unknown"),
    ],
)
def test_what_training_lacks_is_told_before_anything_is_planned(
    tmp_path: Path, changes: tuple[str, ...], code: str
) -> None:
    photos = write_photos(tmp_path)
    folders = {"type": "folders", "images": str(photos / "images"), "masks": str(photos / "masks")}
    data = {"unetkit": 1, "dataset": folders, "classes": ["background", "disc"]}
    head = HEAD.replace("{dataset: mni}", json.dumps(data)).replace("tiny,", "tiny, out_channels: 2,")
    split = "data.split={type: ratio, validation: 0.2, test: 0.2}"
    file = study_file(tmp_path, TEXT, head=head)
    check_training(load_space(file, (split,)))
    with pytest.raises(SpecError) as error:
        check_training(load_space(file, (split, *changes)))
    assert [fault.code for fault in error.value.faults] == [code]
    assert error.value.faults[0].cure
