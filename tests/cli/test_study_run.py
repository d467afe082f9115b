"""unetkit study run and study status: from a study file to its report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.study.runs.stub_study import write_study
from tests.support.commandline import answer, run
from tests.support.photos import write_levels
from unetkit.study.results.collecting import results_in
from unetkit.study.results.pictures import colours_in

STUDY = """
unetkit: 1
name: discs
base: {extends: unet-small, name: tiny, channels: [4, 8], out_channels: 2}
data: discs
training: {steps: 2, batch: 2, patch: 16, logger: []}
seeds: 1
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of one run, beside its images: dark discs on a bright ground."""
    rows, columns = np.indices((32, 32))
    random = np.random.default_rng(0)
    for index in range(6):
        y, x = random.integers(10, 22, 2)
        labels = ((rows - y) ** 2 + (columns - x) ** 2 < 40).astype(np.int64)
        write_levels(180 - 90 * labels, tmp_path / "discs" / "images" / f"{index}.png")
        write_levels(labels, tmp_path / "discs" / "masks" / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    path = tmp_path / "study.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_a_study_runs_and_is_reported_and_is_not_done_twice(file: Path) -> None:
    first = run("study", "run", file).stdout
    assert first.startswith("discs: 1 of 1 runs to do, 1 at once\n[1/1] base, seed 0: done, ")
    assert first.endswith("studies/discs/report/report.html\n")
    (only,) = results_in(Path("studies/discs")).runs
    assert only.state == "done"
    assert [one.image for one in only.examples] == ["5"]
    assert len(colours_in(Path("studies/discs/runs") / only.id)) == 2
    again = run("study", "run", file).stdout
    assert again == "discs: all 1 runs are done; nothing to do\nstudies/discs/report/report.html\n"
    assert [one["state"] for one in answer("study", "status", "studies/discs")["runs"]] == ["done"]
    assert "1 of 1 runs are done" in run("study", "status", "studies/discs").stdout


def test_a_dry_run_lists_what_is_missing_and_writes_nothing(file: Path) -> None:
    told = run("study", "run", file, "--dry-run", "--set", "seeds=2").stdout.splitlines()
    assert [line[16:] for line in told[:-1]] == ["  base, seed 0", "  base, seed 1"]
    assert told[-1] == "2 of 2 runs to do in studies/discs"
    assert not Path("studies").exists()


def test_what_is_wrong_is_said_before_anything_is_written(file: Path) -> None:
    assert "no engine is called 'lsf'" in run("study", "run", file, "--engine", "lsf", code=1).stderr
    assert "studies/discs holds no plan.json" in run("study", "status", "studies/discs", code=1).stderr
    other = write_study(file.parent / "other", 1)
    Path("studies/discs").mkdir(parents=True, exist_ok=True)
    Path("studies/discs/plan.json").write_text(
        '{"name": "discs", "metric": "dice", "arms": [{"name": "base"}], "runs": []}'
    )
    told = run("study", "run", other, "-o", "studies/discs", code=1).stderr
    assert "studies/discs has the study discs, not counted" in told
