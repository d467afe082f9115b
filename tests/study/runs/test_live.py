"""Reports of studies that are running."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.study.runs.test_deciding import TEXT, Notes, Scored, Stopped
from unetkit.study import RunOptions, Study, execution, live, load_study, run_study
from unetkit.study.report import writing
from unetkit.study.runs.task import Task

FIXED = TEXT.replace("{at_least: 4, at_most: 8}", "2")
REFRESH = '<meta http-equiv="refresh" content="10">'


def shown(view: Any, status: str) -> str:
    """A page that is quickly written."""
    return (REFRESH if status else "") + status


def do(
    study: Study, folder: Path, scored: Scored, monkeypatch: pytest.MonkeyPatch, options: RunOptions
) -> tuple[list[str], list[str]]:
    """Runs the study; returns the messages, and the page before each run but the first ones."""
    pages: list[str] = []
    write, page = scored.write, folder / "report" / "report.html"

    def watched(task: Task) -> Any:
        if page.is_file():
            pages.append(page.read_text())
        return write(task)

    monkeypatch.setattr(scored, "write", watched)
    monkeypatch.setattr(execution, "open_engine", lambda name, options: nullcontext(scored))
    monkeypatch.setattr(live, "_PAUSE", 0.0)
    monkeypatch.setattr(live, "_SHARE", 0)
    notes = Notes()
    run_study(study, folder, options, listener=notes)
    return notes.lines, pages


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Study]:
    """Loads a study from its text."""

    def loaded(text: str) -> Study:
        (tmp_path / "decided.yaml").write_text(text)
        return load_study(tmp_path / "decided.yaml")

    return loaded


LIVE = RunOptions(at_once=1, live=True)


def test_the_report_of_a_running_study_tells_how_far_it_is(
    load: Callable[[str], Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load(FIXED)
    with monkeypatch.context() as quick:
        quick.setattr(writing, "page", shown)
        lines, pages = do(study, tmp_path / "live" / "study", Scored(study), quick, LIVE)
    assert len(pages) == 7 and all(REFRESH in page for page in pages)
    assert "nothing is decided before all runs have ended. 1 of 8 runs have ended; " in pages[0]
    assert "; active: width=better, seed 0; next: width=same, seed 0; " in pages[0]
    assert pages[0].endswith("about 7.0 s left.") and "7 of 8 runs" in pages[-1]
    assert len([line for line in lines if line.startswith("live report: ")]) == 1
    assert REFRESH not in (tmp_path / "live" / "study" / "report" / "report.html").read_text()


def test_the_last_report_is_that_of_a_study_that_was_not_watched(
    load: Callable[[str], Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, found = load(FIXED.replace("seeds: 2", "seeds: 1")), []
    for name, options in (("live", LIVE), ("plain", RunOptions(at_once=1))):
        folder = tmp_path / name / "study"
        _, pages = do(study, folder, Scored(study), monkeypatch, options)
        assert [REFRESH in page and "The study is running: " in page for page in pages] == [True] * len(pages)
        assert len(pages) == (3 if options.live else 0)
        found.append({file.name: file.read_bytes() for file in (folder / "report").iterdir()})
    assert found[0] == found[1] and REFRESH.encode() not in found[0]["report.html"]


def test_what_is_decided_at_the_looks_is_told(
    load: Callable[[str], Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, folder = load(TEXT), tmp_path / "live" / "study"
    monkeypatch.setattr(writing, "page", shown)
    _, pages = do(study, folder, Scored(study), monkeypatch, LIVE)
    assert "first look at 4 seeds" in pages[0] and "width=better is better" in pages[-1]
    assert all(REFRESH in page for page in pages)
    assert (folder / "report" / "report.html").read_text() == ""


def test_a_study_that_is_stopped_leaves_a_report_without_status(
    load: Callable[[str], Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, folder = load(FIXED), tmp_path / "live" / "study"
    monkeypatch.setattr(writing, "page", shown)
    with pytest.raises(Stopped):
        do(study, folder, Scored(study, 3), monkeypatch, LIVE)
    assert (folder / "report" / "report.html").read_text() == ""


def test_an_error_of_the_live_report_is_noted_once_and_runs_go_on(
    load: Callable[[str], Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(view: Any, status: str) -> str:
        if status:
            raise OSError("the disk is full")
        return "whole"

    study, folder = load(FIXED), tmp_path / "live" / "study"
    monkeypatch.setattr(writing, "page", broken)
    lines, _ = do(study, folder, Scored(study), monkeypatch, LIVE)
    told = [line for line in lines if "live report" in line]
    assert told == ["the live report could not be written: OSError: the disk is full"]
    assert (folder / "report" / "report.html").read_text() == "whole"
    assert len(json.loads((folder / "plan.json").read_text())["runs"]) == len(list(folder.glob("runs/*/result.json")))
