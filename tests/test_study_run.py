"""Studies run: in order, each run once, whatever is killed, edited or fails."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos import ROOT, kill_until
from tests.stub_study import MODULE, Stub, do, results, write_study
from unetkit.study import Study, load_study
from unetkit.study.results.collecting import results_in
from unetkit.study.results.exit_status import Ending, ending_of, state_of
from unetkit.study.results.index import running
from unetkit.study.results.results import StudyError
from unetkit.study.runs.coordinator import Settings, missing
from unetkit.study.runs.process import Begin, forked, fresh
from unetkit.study.runs.study_folder import Home
from unetkit.study.runs.task import PROCESSES, Task, attempt


@pytest.fixture(autouse=True)
def stub_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(write_study(tmp_path, 1))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "done")


def test_runs_are_done_in_their_order_and_once(study: Study, home: Home) -> None:
    told = do(study, home, Stub())
    assert told.order == [run.id for run in study.runs]
    assert told.endings == [(0, "", False)] * 4
    assert missing(study, home, ("waiting", "failed")) == []
    assert do(study, home, Stub()).order == []


def test_an_edited_study_does_what_is_new_and_says_so(tmp_path: Path, study: Study, home: Home) -> None:
    do(study, home, Stub())
    before = results(home)
    edited = load_study(write_study(tmp_path, 2), ["axes.channels=[[4, 4], [4, 12], [4, 20]]"])
    change = home.freeze(edited, ())
    assert str(change) == (
        "the study was edited: 5 runs are new (arms channels=[4, 20]); "
        "1 runs are no part of it any more (arms channels=[4, 16]); their folders stay"
    )
    assert len(do(edited, home, Stub()).order) == 5
    assert {name: results(home)[name] for name in before} == before


def test_a_run_that_fails_is_told_and_done_again_only_when_asked(study: Study, home: Home) -> None:
    failing = study.runs[1]
    told = do(study, home, Stub(fails=failing.arm.name))
    assert [code for code, _, _ in told.endings].count(1) == 1
    assert ending_of(home.run(failing.id)) == Ending(1, "the loss is no number any more")
    assert "error[diverged]" in (home.run(failing.id) / "log.txt").read_text()
    reported = [run for run in results_in(home.folder).runs if run.state == "failed"]
    assert [(run.id, run.reason) for run in reported] == [(failing.id, "the loss is no number any more")]
    assert missing(study, home) == []
    assert missing(study, home, ("waiting", "failed")) == [failing]


def test_settings_that_are_not_those_of_the_folder_fail(study: Study, home: Home) -> None:
    folder = home.run(study.runs[0].id)
    folder.mkdir(parents=True)
    (folder / "run.yaml").write_text("another")
    told = do(study, home, Stub())
    assert told.endings[0] == (1, f"{folder} holds another run", False)
    assert state_of(folder) == "failed"


def test_a_run_that_takes_too_long_is_ended(study: Study, home: Home) -> None:
    folder = home.run(study.runs[0].id)
    folder.mkdir(parents=True)
    (folder / "run.yaml").write_text(Stub(1000, 10**6)(study, study.runs[0]))
    PROCESSES.allow()
    outcome = attempt(Task(study.runs[0].id, str(folder), MODULE, timeout=0.1))
    assert outcome.ending == Ending(1, "it took longer than 0.1 s")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("begin", [fresh, forked])
def test_a_run_has_no_more_than_its_share_of_the_memory(study: Study, home: Home, begin: Begin) -> None:
    PROCESSES.allow(begin)
    for number, wanted, reason in ((0, 10**8, ""), (1, 10**9, "it needs more than 0.5 GB of memory, its share")):
        folder = home.run(study.runs[number].id)
        folder.mkdir(parents=True)
        said = json.loads(Stub()(study, study.runs[number])) | {"bytes": wanted}
        (folder / "run.yaml").write_text(json.dumps(said))
        ending = attempt(Task(study.runs[number].id, str(folder), MODULE, memory=5 * 10**8)).ending
        assert ending.code == bool(reason) and ending.reason.startswith(reason)


def test_what_a_neighbouring_study_has_done_is_copied(study: Study, home: Home) -> None:
    do(study, home, Stub())
    other = Home(home.folder.parent / "other")
    ids = [run.id for run in study.runs]
    with other.taken():
        assert other.borrow(ids) == {home.folder.name: ids}
        assert other.borrow(ids) == {}
    assert missing(study, other) == [] and results(other) == results(home)
    assert not list(other.runs.glob(".*"))


def test_results_travel_back_from_where_the_folder_is_not_seen(study: Study, home: Home) -> None:
    do(study, home, Stub(), settings=Settings(2, separate=True, module=MODULE))
    plain = Home(home.folder / "plain")
    do(study, plain, Stub())
    assert results(home) == results(plain)
    assert (home.run(study.runs[0].id) / "log.txt").is_file()


def test_a_second_coordinator_is_refused(study: Study, home: Home) -> None:
    with home.taken():
        assert home.busy
        with pytest.raises(StudyError, match="another process runs a study in"), home.taken():
            pass
    assert not home.busy


def test_the_index_says_what_runs_and_is_made_anew_from_folders(study: Study, home: Home) -> None:
    do(study, home, Stub())
    (home.folder / "index.sqlite").write_bytes(b"no database")
    assert running(home.folder) == {}
    do(study, home, Stub())
    assert [path.name for path in home.folder.glob("index*")] == ["index.sqlite"]
    assert running(home.folder) == {}


def test_a_study_whose_processes_are_killed_finds_what_an_undisturbed_one_finds(tmp_path: Path) -> None:
    studies = list(kill_until(tmp_path, 4, 1, Stub(20_000, 10), 1.0))
    assert sum(sum(chaos.killed.values()) for chaos in studies) == 4


def test_a_run_dies_with_what_began_it(study: Study, home: Home) -> None:
    folder = home.run("one")
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
