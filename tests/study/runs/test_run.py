"""Studies run: in order, each run once, whatever is killed, edited or fails."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.study.runs.chaos import ROOT, kill_until
from tests.study.runs.stub_study import MODULE, Stub, do, results, write_study
from unetkit.study import Study, load_study
from unetkit.study.results.collecting import results_in
from unetkit.study.results.exit_status import ExitStatus, exit_status_of, state_of
from unetkit.study.results.index import running
from unetkit.study.results.results import StudyError
from unetkit.study.runs.coordinator import ExecutionSettings, missing
from unetkit.study.runs.process import StartProcess, forked, fresh
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.runs.task import PROCESSES, Task, attempt


@pytest.fixture(autouse=True)
def stub_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(write_study(tmp_path, 1))


@pytest.fixture
def study_folder(tmp_path: Path) -> StudyFolder:
    return StudyFolder(tmp_path / "done")


def test_runs_are_done_in_their_order_and_once(study: Study, study_folder: StudyFolder) -> None:
    told = do(study, study_folder, Stub())
    assert told.order == [run.id for run in study.runs]
    assert told.endings == [(0, "", False)] * 4
    assert missing(study, study_folder, ("waiting", "failed")) == []
    assert do(study, study_folder, Stub()).order == []


def test_an_edited_study_does_what_is_new_and_says_so(tmp_path: Path, study: Study, study_folder: StudyFolder) -> None:
    do(study, study_folder, Stub())
    before = results(study_folder)
    edited = load_study(write_study(tmp_path, 2), ["axes.channels=[[4, 4], [4, 12], [4, 20]]"])
    change = study_folder.freeze(edited)
    assert str(change) == (
        "the study was edited: 5 runs are new (arms channels=[4, 20]); "
        "1 runs are no part of it any more (arms channels=[4, 16]); their folders stay"
    )
    assert len(do(edited, study_folder, Stub()).order) == 5
    assert {name: results(study_folder)[name] for name in before} == before


def test_a_run_that_fails_is_told_and_done_again_only_when_asked(study: Study, study_folder: StudyFolder) -> None:
    failing = study.runs[1]
    told = do(study, study_folder, Stub(fails=failing.arm.name))
    assert [code for code, _, _ in told.endings].count(1) == 1
    assert exit_status_of(study_folder.run(failing.id)) == ExitStatus(1, "the loss is no number any more")
    assert "error[diverged]" in (study_folder.run(failing.id) / "log.txt").read_text()
    reported = [run for run in results_in(study_folder.path).runs if run.state == "failed"]
    assert [(run.id, run.reason) for run in reported] == [(failing.id, "the loss is no number any more")]
    assert missing(study, study_folder) == []
    assert missing(study, study_folder, ("waiting", "failed")) == [failing]


def test_settings_that_are_not_those_of_the_folder_fail(study: Study, study_folder: StudyFolder) -> None:
    folder = study_folder.run(study.runs[0].id)
    folder.mkdir(parents=True)
    (folder / "run.yaml").write_text("another")
    told = do(study, study_folder, Stub())
    assert told.endings[0] == (1, f"{folder} holds another run", False)
    assert state_of(folder) == "failed"


def test_a_run_that_takes_too_long_is_ended(study: Study, study_folder: StudyFolder) -> None:
    folder = study_folder.run(study.runs[0].id)
    folder.mkdir(parents=True)
    (folder / "run.yaml").write_text(Stub(1000, 10**6)(study, study.runs[0]))
    PROCESSES.allow()
    outcome = attempt(Task(study.runs[0].id, str(folder), MODULE, timeout=0.1))
    assert outcome.exit_status == ExitStatus(1, "it took longer than 0.1 s")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("begin", [fresh, forked])
def test_a_run_has_no_more_than_its_share_of_the_memory(
    study: Study, study_folder: StudyFolder, begin: StartProcess
) -> None:
    PROCESSES.allow(begin)
    for number, wanted, reason in ((0, 10**8, ""), (1, 10**9, "it needs more than 0.5 GB of memory, its share")):
        folder = study_folder.run(study.runs[number].id)
        folder.mkdir(parents=True)
        said = json.loads(Stub()(study, study.runs[number])) | {"bytes": wanted}
        (folder / "run.yaml").write_text(json.dumps(said))
        ending = attempt(Task(study.runs[number].id, str(folder), MODULE, memory=5 * 10**8)).exit_status
        assert ending.code == bool(reason) and ending.reason.startswith(reason)


def test_what_a_neighbouring_study_has_done_is_copied(study: Study, study_folder: StudyFolder) -> None:
    do(study, study_folder, Stub())
    other = StudyFolder(study_folder.path.parent / "other")
    ids = [run.id for run in study.runs]
    with other.locked():
        assert other.borrow(ids) == {study_folder.path.name: ids}
        assert other.borrow(ids) == {}
    assert missing(study, other) == [] and results(other) == results(study_folder)
    assert not list(other.runs.glob(".*"))


def test_results_travel_back_from_where_the_folder_is_not_seen(study: Study, study_folder: StudyFolder) -> None:
    do(study, study_folder, Stub(), settings=ExecutionSettings(2, separate=True, module=MODULE))
    plain = StudyFolder(study_folder.path / "plain")
    do(study, plain, Stub())
    assert results(study_folder) == results(plain)
    assert (study_folder.run(study.runs[0].id) / "log.txt").is_file()


def test_a_second_coordinator_is_refused(study: Study, study_folder: StudyFolder) -> None:
    with study_folder.locked():
        assert study_folder.busy
        with pytest.raises(StudyError, match="another process runs a study in"), study_folder.locked():
            pass
    assert not study_folder.busy


def test_the_index_says_what_runs_and_is_made_anew_from_folders(study: Study, study_folder: StudyFolder) -> None:
    do(study, study_folder, Stub())
    (study_folder.path / "index.sqlite").write_bytes(b"no database")
    assert running(study_folder.path) == {}
    do(study, study_folder, Stub())
    assert [path.name for path in study_folder.path.glob("index*")] == ["index.sqlite"]
    assert running(study_folder.path) == {}


def test_a_study_whose_processes_are_killed_finds_what_an_undisturbed_one_finds(tmp_path: Path) -> None:
    studies = list(kill_until(tmp_path, 4, 1, Stub(20_000, 10), 1.0))
    assert sum(sum(chaos.killed.values()) for chaos in studies) == 4


def test_a_run_dies_with_what_began_it(study: Study, study_folder: StudyFolder) -> None:
    folder = study_folder.run("one")
    folder.mkdir(parents=True)
    (folder / "run.yaml").write_text(Stub(1000, 10**6)(study, study.runs[0]))
    code = f"from unetkit.study.runs.task import *; attempt(Task('one', {str(folder)!r}, {MODULE!r}))"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    checkpoint = folder / "checkpoints" / "last"
    while not checkpoint.exists():
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    with (folder / ".worker").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given when the run is dead
        step = json.loads(checkpoint.read_text())
        assert json.loads(checkpoint.read_text()) == step
