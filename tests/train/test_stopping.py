"""Signals: what is stopped says how to go on, its exit code tells the signal, and nothing is half-written."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from tests.support.photos import trained, values
from tests.support.program import HANDLERS, begin_program
from tests.support.stopping import begin, ended, stopped, stopped_when
from unetkit import stopping
from unetkit.stopping import Stopped, stoppable
from unetkit.train.loop.checkpoint import read_checkpoint
from unetkit.writing import PREFIX

SENTENCE = "stopped by {}; {}: unetkit {}\n"


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """Imports torch and Lightning once, here, so that each process begins at once."""
    import_module("unetkit.train.loop.trainer")


def living(runs: Path) -> list[Path]:
    """Returns the runs of a study in which a process works: it holds a lock on its folder, however it ends."""
    found = []
    for file in runs.glob("*/.worker"):
        with file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(file.parent)
    return found


@pytest.mark.parametrize(
    ("number", "workers", "group"),
    [(signal.SIGTERM, 0, False), (signal.SIGINT, 0, False), (signal.SIGINT, 2, True), (signal.SIGTERM, 2, True)],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else str(value),
)
def test_a_training_that_is_stopped_says_what_goes_on(
    number: signal.Signals, workers: int, group: bool, photos: Path, tmp_path: Path
) -> None:
    said = values(photos, steps=3000, checkpoint_every=5)
    said["data"] = {"dataset": {"type": "folders", "images": str(photos / "images"), "masks": str(photos / "masks")}}
    said["data"]["workers"] = workers
    file, run = tmp_path / "run.yaml", tmp_path / "run"
    file.write_text(yaml.safe_dump(said))
    line = ["train", str(file), "-o", str(run), "--accelerator", "cpu"]
    checkpoint = run / "checkpoints" / "last.ckpt"
    assert stopped(line, tmp_path, number, checkpoint.exists, group=group, fresh=True) == 128 + number
    lines = [
        one for one in (tmp_path / "err.txt").read_text().splitlines(keepends=True) if not one.startswith("  tiny")
    ]
    assert lines == [SENTENCE.format(number.name, "this resumes from the last checkpoint", " ".join(line))]
    state = read_checkpoint(checkpoint)
    assert state is not None and state["global_step"] % 5 == 0
    assert {"Pace", "Watch"} <= state["callbacks"].keys()  # as in the checkpoints of earlier versions
    assert [path.name for path in tmp_path.rglob(f"{PREFIX}*")] == []
    assert not (run / "result.json").exists()


def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(photos: Path, tmp_path: Path) -> None:
    said = values(photos, steps=40, checkpoint_every=5)
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(said))
    line = ["train", str(tmp_path / "run.yaml"), "-o", str(tmp_path / "run"), "--accelerator", "cpu", "--threads", "1"]
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    assert stopped(line, tmp_path, signal.SIGTERM, checkpoint.exists, fresh=True) in (143, 0)
    assert ended(begin(line, tmp_path, fresh=True)) == 0
    whole = trained(said, tmp_path / "whole")
    again = trained(said, tmp_path / "run")
    assert again.values == whole.values


def test_before_the_first_checkpoint_it_begins_anew(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values(photos, steps=100_000, checkpoint_every=100_000)))
    line = ["train", str(tmp_path / "run.yaml"), "-o", str(tmp_path / "run"), "--accelerator", "cpu"]
    assert stopped(line, tmp_path, signal.SIGINT, (tmp_path / "run" / "data.json").exists, fresh=True) == 130
    told = (tmp_path / "err.txt").read_text()
    assert told.endswith(
        SENTENCE.format("SIGINT", "there is no checkpoint yet, so this starts from the beginning", " ".join(line))
    )
    assert trained(values(photos), tmp_path / "run").steps == 4  # nor does it block another run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_study_that_is_stopped_says_what_goes_on(number: signal.Signals, photos: Path, tmp_path: Path) -> None:
    text = f"""\
unetkit: 1
name: long
run:
  spec: {{extends: unet-same, name: tiny, channels: [4, 8]}}
  data: {photos}
  training: {{steps: 100000, batch: 2, patch: 16, checkpoint_every: 5, logger: []}}
axes: {{norm: [none]}}
seeds: 1
"""
    (tmp_path / "study.yaml").write_text(text)
    line = ["study", "run", str(tmp_path / "study.yaml"), "-o", str(tmp_path / "study"), "--at-once", "2"]
    begun = lambda: len(list((tmp_path / "study").glob("runs/*/checkpoints/last.ckpt"))) == 2  # noqa: E731
    assert stopped(line, tmp_path, number, begun) == 128 + number
    told = (tmp_path / "err.txt").read_text()
    assert told == SENTENCE.format(number.name, "finished runs are kept, and this resumes the study", " ".join(line))
    assert all(read_checkpoint(file) for file in tmp_path.glob("study/runs/*/checkpoints/last.ckpt"))
    assert len(list(tmp_path.glob("study/runs/*/.worker"))) == 2
    until = time.monotonic() + 30
    while living(tmp_path / "study" / "runs") and time.monotonic() < until:
        time.sleep(0.05)
    assert not living(tmp_path / "study" / "runs")


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers that a program begins with."""
    before = {number: signal.signal(number, handler) for number, handler in HANDLERS.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_signal_is_an_exception_once_and_handlers_come_back() -> None:
    for number in HANDLERS:
        with pytest.raises(Stopped) as caught, stoppable():
            os.kill(os.getpid(), number)
        assert caught.value.code == 128 + number
        assert {number: signal.getsignal(number) for number in HANDLERS} == HANDLERS


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stoppable():
        os.kill(os.getpid(), signal.SIGHUP)
    with pytest.raises(Stopped), stoppable():
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("handlers")
def test_a_terminal_that_closes_may_say_so_twice() -> None:
    def ends() -> None:
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)

    with pytest.raises(Stopped), stoppable():
        ends()


@pytest.mark.usefixtures("handlers")
def test_what_a_signal_causes_on_the_way_out_is_not_told_in_its_place() -> None:
    def ends() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            raise RuntimeError("a worker was lost")

    with pytest.raises(Stopped), stoppable():
        ends()
    with pytest.raises(RuntimeError), stoppable():
        raise RuntimeError("nothing to do with a signal")


class Ending:
    """Is told to stop while it is destroyed, where exceptions are discarded."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_came_in_a_destructor_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_LOST_AFTER", 0.01)
    until = time.monotonic() + 60
    with pytest.raises(Stopped), stoppable():
        Ending()
        while time.monotonic() < until:
            pass
    assert time.monotonic() < until


@pytest.mark.usefixtures("handlers")
def test_what_is_cleaned_up_is_not_interrupted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_LOST_AFTER", 0.001)
    cleaned = []

    @contextmanager
    def cleaning() -> Iterator[None]:
        try:
            yield
        finally:
            with suppress(KeyError):
                until = time.monotonic() + 0.1
                while time.monotonic() < until:
                    pass
                raise KeyError
            cleaned.append(True)

    with pytest.raises(Stopped), stoppable(), cleaning():
        os.kill(os.getpid(), signal.SIGTERM)
    assert cleaned


def test_a_program_without_handlers_does_not_end_well_after_sigterm(photos: Path, tmp_path: Path) -> None:
    """Lightning takes the signal, and would end with 0."""
    said = values(photos, steps=100_000, checkpoint_every=5)
    text = (
        "import json, sys; from pathlib import Path; from unetkit.train import Machine, load_run, train_run;"
        "train_run(load_run(json.loads(sys.argv[1])), Path(sys.argv[2]), machine=Machine('cpu'), progress=False)"
    )
    child = begin_program(text, [json.dumps(said), str(tmp_path / "run")], tmp_path)
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    assert stopped_when(child, tmp_path, signal.SIGTERM, checkpoint.exists) == 143
