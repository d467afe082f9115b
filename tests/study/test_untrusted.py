"""The folder of a study that another made: nothing outside of it is read or written, each fault is one message."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_study_report import write_folder
from tests.support.commandline import answer, run
from unetkit.study.results.index import running
from unetkit.study.results.links import SHARED
from unetkit.study.runs.study_folder import StudyFolder

SECRET = "a secret that no report may show"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a study, beside another that is nobody's business."""
    study_folder = write_folder(tmp_path / "study")
    private = tmp_path / "private"
    shutil.copytree(next((study_folder / "runs").iterdir()), private)
    (private / "run.yaml").write_text(f"spec: {SECRET}\n")
    (private / "secret.png").write_bytes(b"\x89PNG" + SECRET.encode())
    return study_folder


def refusals(folder: Path) -> list[str]:
    """Returns the first lines of what report and status say, which is one message each."""
    found = []
    for command in ("report", "status"):
        result = run("study", command, folder, code=1)
        assert result.stdout == "" and SECRET not in result.stderr
        assert result.stderr.count("error[") == 1, result.stderr
        found.append(result.stderr.splitlines()[0])
    assert not (folder / "report").exists()
    return found


def changed(folder: Path, **values: Any) -> None:
    """Changes values of the plan."""
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(plan | values))


@pytest.mark.parametrize("name", ["../../private", "..", ".", "", "a/b", "a\nb", "\x1b[2J", 3, None, "-o", "x" * 300])
@pytest.mark.parametrize("absolute", [False, True])
def test_ids_are_ids(name: object, absolute: bool, folder: Path) -> None:
    if absolute:
        name = str(folder.parent / "private")
    plan = json.loads((folder / "plan.json").read_text())
    plan["runs"][0]["id"] = name
    changed(folder, runs=plan["runs"])
    assert all("plan.json cannot be read: runs.0.id" in told for told in refusals(folder))


@pytest.mark.parametrize(
    "values",
    [
        {"arms": []}, {"arms": 3}, {"arms": [{}]}, {"runs": None}, {"runs": [[]]}, {"name": 3}, {"name": ""},
        {"metric": []}, {"margin": "small"}, {"margin": -1}, {"margin": float("nan")}, {"description": {}},
        {"runs": [{"id": "a", "arm": "base", "seed": 10**400, "fraction": 1.0}]},
        {"runs": [{"id": "a", "arm": "base", "seed": "0", "fraction": 1.0}]},
        {"runs": [{"id": "a", "arm": "base", "seed": 0, "fraction": 7.0}]},
        {"arms": [{"name": "base", "input_size": [0]}]}, {"arms": [{"name": "base", "parameters": 1e999}]},
    ],
)  # fmt: skip
def test_a_malformed_plan_is_one_message(values: dict[str, Any], folder: Path) -> None:
    changed(folder, **values)
    assert all("plan.json cannot be read: " in told for told in refusals(folder))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b"[" * 100_000, b'{"a":' * 5_000, b"{}"])
def test_a_plan_that_is_none_is_one_message(content: bytes, folder: Path) -> None:
    (folder / "plan.json").write_bytes(content)
    assert all("plan.json cannot be read: " in told for told in refusals(folder))


@pytest.mark.parametrize("what", ["fifo", "folder", "device"])
@pytest.mark.parametrize("name", ["plan.json", "result.json", "timing.json", "run.yaml", "study.yaml", ".lock"])
def test_what_is_no_file_is_not_waited_for(what: str, name: str, folder: Path) -> None:
    inner = next((folder / "runs").iterdir())
    file = folder / name if name in ("plan.json", "study.yaml", ".lock") else inner / name
    file.unlink(missing_ok=True)
    if what == "fifo":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    else:
        file.symlink_to("/dev/zero")
    for command in ("report", "status"):
        result = run_any("study", command, folder)
        assert "error[" in result or "runs" in result


def run_any(*arguments: str | Path) -> str:
    """Returns what a command printed, which ended with 0 or 1."""
    from tests.support.commandline import RUNNER
    from unetkit.cli.app import app

    result = RUNNER.invoke(app, list(map(str, arguments)), prog_name="unetkit")
    assert result.exit_code in (0, 1), result.output
    return result.output


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("result.json", '{"steps": "3"}', "result.json cannot be read: steps: "),
        ("result.json", '{"steps": 3, "loss": [[1]], "validation": [], "scores": {"images": []}}', "loss.0"),
        ("result.json", '{"steps": 3, "loss": [], "validation": [], "scores": {"images": [{"image": "a"}]}}', "lacks"),
        ("result.json", '{"steps": 3, "loss": [], "validation": [], "scores": {"images": [{"image": "a", "class": "b", '
         '"dice": "c"}]}}', "dice is no number"),
        ("result.json", '{"steps": 3, "loss": [], "validation": [], "scores": {"images": [{"image": "a", "class": "b", '
         '"dice": 1e300}]}}', "1e+300 is out of range"),
        ("timing.json", '{"seconds": "long"}', "timing.json cannot be read: seconds"),
        ("timing.json", '{"seconds": 1, "versions": {"torch": [1]}}', "versions.torch"),
    ],
)  # fmt: skip
def test_a_malformed_result_is_one_message(name: str, text: str, told: str, folder: Path) -> None:
    (next((folder / "runs").iterdir()) / name).write_text(text)
    assert told in run("study", "report", folder, code=1).stderr


def test_all_results_that_cannot_be_read_are_told_at_once(folder: Path) -> None:
    for run_folder in list((folder / "runs").iterdir())[:3]:
        (run_folder / "result.json").write_text("{")
    assert run("study", "report", folder, code=1).stderr.count("error[result-unreadable]") == 3


@pytest.mark.parametrize("text", ["{", "[]", '{"code": "x"}', '{"code": 1}', "[" * 100_000])
def test_a_malformed_ending_counts_as_none(text: str, folder: Path) -> None:
    one = sorted((folder / "runs").iterdir())[0]
    (one / "exit.json").write_text(text)
    states = {run["id"]: run["state"] for run in answer("study", "status", folder)["runs"]}
    assert states[one.name] == "waiting"


@pytest.mark.parametrize(
    "link", ["runs/ID", "runs/ID/run.yaml", "runs/ID/examples", "study.yaml", "report", "runs", ".lock"]
)
def test_links_that_lead_out_are_neither_read_nor_written_through(link: str, folder: Path) -> None:
    outside = folder.parent / "outside"
    shutil.copytree(folder, outside)
    (outside / "note").write_text(SECRET)
    before = {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()}
    one = sorted((folder / "runs").iterdir())[0].name
    path = folder / link.replace("ID", one)
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(outside / "runs" if link == "runs" else folder.parent / "private" / "run.yaml")
    told = run("study", "report", folder, code=1).stderr
    assert f"study has links that lead out of it: {link.replace('ID', one)}" in told and SECRET not in told
    assert {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()} == before


def test_a_folder_is_not_taken_through_a_link(folder: Path) -> None:
    precious = folder.parent / "precious"
    precious.write_text("precious")
    (folder / ".lock").symlink_to(precious)
    with pytest.raises(Exception, match="links that lead out of it"), StudyFolder(folder).locked():
        pass
    assert precious.read_text() == "precious"


def test_links_within_the_folder_and_shared_runs_are_followed(folder: Path) -> None:
    shared = folder.parent / "shared"
    (folder / "runs").rename(shared)
    (folder / "runs").symlink_to("../shared")
    assert "lead out of it: runs" in run("study", "report", folder, code=1).stderr
    (shared / SHARED).touch()  # as `study run --runs` does
    (folder / "notes").symlink_to("study.yaml")
    run("study", "report", folder)
    (next(shared.glob("*/run.yaml")).parent / "examples").symlink_to(folder.parent / "private")
    assert "lead out of it: runs/" in run("study", "report", folder, code=1).stderr


@pytest.mark.parametrize("extends", ["/etc/passwd", "../../private/run.yaml", "unet-small"])
def test_what_a_run_resolved_names_no_other_file(extends: str, folder: Path) -> None:
    for file in folder.glob("runs/*/run.yaml"):
        file.write_text(json.dumps({"unetkit": 1, "spec": {"extends": extends}}))
    run("study", "report", folder)
    page = (folder / "report" / "report.html").read_text()
    assert "Its spec is not in the results" in page and "root:" not in page and SECRET not in page


@pytest.mark.parametrize("content", [b"", b"no base", b"SQLite format 3\x00" + bytes(100)])
def test_a_malformed_index_says_nothing(content: bytes, folder: Path) -> None:
    (folder / "index.sqlite").write_bytes(content)
    assert running(folder) == {}


def test_an_index_of_other_types_or_without_end_says_nothing(folder: Path) -> None:
    with sqlite3.connect(folder / "index.sqlite") as base:
        base.execute("CREATE TABLE run (id, since, state)")
        base.executemany("INSERT INTO run VALUES (?, ?, 'running')", [(1, 1.0), ("a", "b"), ("c", None), ("d", 2.0)])
    assert running(folder) == {"d": 2.0}
    (folder / "index.sqlite").unlink()
    with sqlite3.connect(folder / "index.sqlite") as base:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        base.execute(f"CREATE VIEW run AS {endless} SELECT i AS id, i AS since, 'running' AS state FROM n")
    assert running(folder) == {}


HOSTILE = "<b>\x1b[2J\u202e & \"' \x9b`|*[x](y) =1 \\e"


def test_names_do_nothing_in_any_output(folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text())
    name = f"={HOSTILE}"
    plan["arms"][1]["name"] = name
    for one in plan["runs"]:
        if one["arm"] != "base":
            one["arm"] = name
    changed(folder, runs=plan["runs"], arms=plan["arms"], name=HOSTILE, description=HOSTILE)
    printed = run("study", "report", folder).stdout + run("study", "status", folder).stdout
    assert printed.replace("\n", "").isprintable()
    report = folder / "report"
    page = (report / "report.html").read_text()
    assert "<b>\x1b" not in page and "\x1b" not in page and "\u202e" not in page and r"\x1b[2J\u202e" in page
    for file in ("arms.csv", "comparisons.csv", "runs.csv", "scores.csv"):
        lines = (report / file).read_text().split("\n")
        assert not any(cell.strip('"').startswith(("=", "@")) for line in lines for cell in line.split(",")), file
    table = (report / "table.tex").read_text()
    assert r"\textbackslash{}x1b[2J\textbackslash{}u202e" in table and "\x1b" not in table
    assert r" \e" not in table
