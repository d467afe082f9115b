"""Studies that decide while they run: what is decided is left alone, whatever interrupts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.commandline import answer, run
from unetkit.errors import Fault, UnetkitError
from unetkit.study import RunOptions, Study, StudyListener, execution, load_study, run_study
from unetkit.study.report import writing
from unetkit.study.results.exit_status import REFUSED, ExitStatus
from unetkit.study.results.results import StudyError
from unetkit.study.runs.task import Outcome, Task
from unetkit.study.runs.worker import attempt
from unetkit.study.study_keys import SeedRange

TEXT = """\
unetkit: 1
name: decided
base: {extends: unet-small, name: tiny, channels: [4, 8]}
data: {dataset: mni}
training: {steps: 6, batch: 2}
axes:
  width: {better: {channels: [4, 4]}, same: {channels: [4, 12]}, unclear: {channels: [4, 16]}}
seeds: {at_least: 4, at_most: 8}
margin: 0.02
"""
EFFECTS = {"base": 0.0, "width=better": 0.05, "width=same": 0.0, "width=unclear": 0.006}
SPREADS = {"base": 0.001, "width=better": 0.001, "width=same": 0.001, "width=unclear": 0.012}


class Stopped(Exception):
    """The machine went down."""


class Scored(Executor):
    """Writes the scores of a run at once, in place of training; goes down after a number of runs."""

    def __init__(self, study: Study, life: int = 10**6, fails: tuple[tuple[str, int], ...] = ()) -> None:
        self.runs = {one.id: (one.arm.name, one.seed) for one in study.runs}
        self.life, self.fails = life, fails
        self.order: list[tuple[str, int]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if len(self.order) == self.life:
            raise Stopped
        (task,) = args
        future: Future[Any] = Future()
        future.set_result(self.write(task))
        return future

    def write(self, task: Task) -> Outcome:
        arm, seed = self.runs[task.id]
        self.order.append((arm, seed))
        status = ExitStatus(1, "it diverged") if (arm, seed) in self.fails else ExitStatus(0)
        if not status.code:
            rng = np.random.default_rng([seed, *arm.encode()])
            score = 0.8 + EFFECTS[arm] + SPREADS[arm] * rng.normal()
            images = [{"image": f"i{k}", "class": "grey", "dice": score + k / 100} for k in range(3)]
            values = {"steps": 6, "loss": [], "validation": [], "scores": {"images": images}}
            (Path(task.folder) / "result.json").write_text(json.dumps(values))
        status.write(Path(task.folder))
        return Outcome(status, 1.0, {})


class Notes(StudyListener):
    """Keeps the messages."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study of three arms whose verdicts take different numbers of seeds."""
    (tmp_path / "decided.yaml").write_text(TEXT)
    return load_study(tmp_path / "decided.yaml")


def do(study: Study, folder: Path, scored: Scored, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs the study, and returns the messages."""
    monkeypatch.setattr(execution, "open_engine", lambda name, options: nullcontext(scored))
    monkeypatch.setattr(writing, "page", lambda view, status: "")  # drawn below, once
    notes = Notes()
    run_study(study, folder, listener=notes)
    return notes.lines


def verdicts(folder: Path) -> dict[str, tuple[str, int]]:
    values = json.loads((folder / "report" / "statistics.json").read_text())
    return {each["arm"]: (each["verdict"], each["look"]) for each in values["comparisons"]}


def test_decided_arms_are_left_alone_and_the_report_says_when(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored, folder = Scored(study), tmp_path / "study"
    lines = do(study, folder, scored, monkeypatch)
    found = verdicts(folder)
    assert {arm: verdict for arm, (verdict, _) in found.items()} == {
        "width=better": "better",
        "width=same": "equivalent",
        "width=unclear": "undecided",
    }
    for arm, (_, look) in found.items():
        assert sorted(seed for name, seed in scored.order if name == arm) == list(range(look))
    assert found["width=better"][1] < found["width=unclear"][1] == 8
    assert len([line for line in lines if line.startswith("look at ")]) == 5
    status = answer("study", "status", folder)
    left_out = 32 - len(scored.order)
    assert status["looked"] == 5 and left_out == [one["state"] for one in status["runs"]].count("unneeded") > 0
    monkeypatch.undo()
    printed = run("study", "report", folder).stdout
    assert f"with 4 to 8 seeds each, until it is decided: {len(scored.order)} of 32 runs have finished" in printed
    assert f"{left_out} are not needed any more" in printed
    assert f"“width=better” (after {found['width=better'][1]} seeds) scores higher" in printed
    assert "repeated 95 % interval" in printed
    assert "Intervals are repeated confidence intervals" in (folder / "report" / "report.html").read_text()
    assert "nothing to do" in do(study, folder, Scored(study), monkeypatch)[-1]


@pytest.mark.parametrize("life", [7, 17])
def test_a_study_that_is_stopped_and_resumed_takes_the_same_decisions(
    study: Study, life: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts, order = tmp_path / "whole", tmp_path / "parts" / "study", []
    undisturbed = Scored(study)
    do(study, whole, undisturbed, monkeypatch)
    for _ in range(60):
        scored = Scored(study, life)
        try:
            do(study, parts, scored, monkeypatch)
        except Stopped:
            order += scored.order
        else:
            break
    assert sorted(order + scored.order) == sorted(undisturbed.order)
    assert (parts / "report" / "statistics.json").read_text() == (whole / "report" / "statistics.json").read_text()


def test_failed_runs_do_not_keep_a_study_from_its_looks(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = Scored(study, fails=(("width=better", 1), ("base", 5)))
    do(study, tmp_path / "study", scored, monkeypatch)
    found = verdicts(tmp_path / "study")
    assert found["width=better"][0] == "better" and found["width=same"][0] == "equivalent"


def test_looks_are_fixed_before_the_first_run(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "study"
    with pytest.raises(Stopped):
        do(study, folder, Scored(study, 5), monkeypatch)
    assert json.loads((folder / "plan.json").read_text())["looks"] == [4, 5, 6, 7, 8]
    longer = load_study(tmp_path / "decided.yaml", ["seeds.at_most=16"])
    with pytest.raises(StudyError, match="looks must be fixed before the first run"):
        run_study(longer, folder)


def test_a_dry_run_lists_the_runs_before_the_next_look(study: Study, tmp_path: Path) -> None:
    found = run_study(study, tmp_path / "study", dry_run=True)
    assert [(one.arm.name, one.seed) for one in found.todo] == [(arm, seed) for seed in range(4) for arm in EFFECTS]


def test_the_plan_says_how_many_runs_there_may_be(tmp_path: Path) -> None:
    (tmp_path / "decided.yaml").write_text(TEXT)
    printed = run("study", "plan", tmp_path / "decided.yaml").stdout
    assert "4 arms × 4 to 8 seeds = 16 to 32 runs" in printed
    assert "looks at 4, 5, 6, 7, 8 seeds" in printed


@pytest.mark.parametrize(
    "value", ["{at_most: 4}", "{at_least: 1, at_most: 9}", "{at_most: 9, error: 0.6}", "{least: 4}"]
)
def test_ranges_of_seeds_that_make_no_sense_are_refused(value: str, tmp_path: Path) -> None:
    (tmp_path / "decided.yaml").write_text(TEXT.replace("{at_least: 4, at_most: 8}", value))
    assert "error[" in run("study", "plan", tmp_path / "decided.yaml", code=1).stderr


def test_there_are_at_most_seven_looks_that_end_at_the_largest_number() -> None:
    for at_least in (2, 4, 9):
        for at_most in range(at_least + 1, 60):
            looks = SeedRange(at_most, at_least).looks
            assert looks[0] == at_least and looks[-1] == at_most and len(looks) <= 7
            assert list(looks) == sorted(set(looks))


class Refusing(Scored):
    """Refuses the runs of some arms."""

    def __init__(self, study: Study, *arms: str) -> None:
        super().__init__(study)
        self.arms = arms

    def write(self, task: Task) -> Outcome:
        if self.runs[task.id][0] not in self.arms:
            return super().write(task)
        self.order.append(self.runs[task.id])
        status = ExitStatus(REFUSED, "the labels have no names")
        status.write(Path(task.folder))
        return Outcome(status, 1.0, {})


def test_a_study_whose_first_run_is_refused_stops_and_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "decided.yaml").write_text(TEXT.replace("{at_least: 4, at_most: 8}", "2"))
    study, folder = load_study(tmp_path / "decided.yaml"), tmp_path / "out"
    refusing = Refusing(study, *EFFECTS)
    monkeypatch.setattr(execution, "open_engine", lambda name, options: nullcontext(refusing))
    with pytest.raises(StudyError, match="all others are compared, is refused: the labels have no names"):
        run_study(study, folder, RunOptions(at_once=2))
    assert len(refusing.order) == 2 and refusing.order[0] == ("base", 0)
    sound = Refusing(study, "width=same")
    monkeypatch.setattr(execution, "open_engine", lambda name, options: nullcontext(sound))
    assert len(run_study(study, folder, RunOptions(at_once=2)).failures) == 2
    assert len(sound.order) == len(study.runs)


def test_a_run_is_refused_before_it_trains_and_fails_while_it_does(tmp_path: Path) -> None:
    def work(code: str) -> Callable[[Path], None]:
        def fails(folder: Path) -> None:
            raise UnetkitError(Fault(code, "it is wrong"))

        return fails

    assert [attempt(tmp_path, work(code)).code for code in ("classes", "diverged", "memory")] == [REFUSED, 1, 1]
