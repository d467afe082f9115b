"""Studies whose scores say little or nothing: the report stands, and what is not defined is untested."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_study_report import write_folder
from tests.support.commandline import answer, run

Row = dict[str, Any]
Change = Callable[[Path], None]


def rows(change: Callable[[Row, str], Row | None]) -> Change:
    """Returns what changes or drops the rows of all results; it is given a row and the name of its run."""

    def apply(folder: Path) -> None:
        for file in sorted(folder.glob("runs/*/result.json")):
            held = json.loads(file.read_text())
            changed = [change(row, file.parent.name) for row in held["scores"]["images"]]
            held["scores"]["images"] = [row for row in changed if row is not None]
            file.write_text(json.dumps(held))

    return apply


def without(*names: str) -> Change:
    """Returns what removes the results of the runs of some arms, all where none is named."""

    def apply(folder: Path) -> None:
        plan = json.loads((folder / "plan.json").read_text())
        for one in plan["runs"]:
            if one["arm"] in names or not names:
                (folder / "runs" / one["id"] / "result.json").unlink(missing_ok=True)

    return apply


def planned(change: Callable[[dict[str, Any]], object]) -> Change:
    """Returns what changes the plan."""

    def apply(folder: Path) -> None:
        plan = json.loads((folder / "plan.json").read_text())
        change(plan)
        (folder / "plan.json").write_text(json.dumps(plan))

    return apply


def failed(folder: Path) -> None:
    """Lets all runs of the arm fail, and the base's succeed."""
    without("channels=[8, 16]")(folder)
    for one in json.loads((folder / "plan.json").read_text())["runs"]:
        if one["arm"] != "base":
            (folder / "runs" / one["id"]).mkdir(exist_ok=True)
            (folder / "runs" / one["id"] / "exit.json").write_text('{"code": 1, "reason": "it diverged"}')


def only_base(plan: dict[str, Any]) -> None:
    """Leaves the base alone."""
    plan["arms"] = plan["arms"][:1]
    plan["runs"] = [one for one in plan["runs"] if one["arm"] == plan["arms"][0]["name"]]


CASES: dict[str, Change] = {
    "a class that no image holds": rows(lambda row, run: row | ({"dice": None} if row["class"] == "grey" else {})),
    "a class that only one run has": rows(lambda row, run: row if row["class"] != "grey" or run < "2" else None),
    "no value at all": rows(lambda row, run: row | {"dice": None}),
    "no number at all": rows(lambda row, run: row | {"dice": float("nan")}),
    "infinite": rows(lambda row, run: row | {"dice": float("inf")}),
    "one image": rows(lambda row, run: row if row["image"] == "i0" else None),
    "one class": rows(lambda row, run: row if row["class"] == "grey" else None),
    "one value": rows(lambda row, run: row if (row["image"], row["class"]) == ("i0", "grey") else None),
    "other images in each run": rows(lambda row, run: row | {"image": f"{run}-{row['image']}"}),
    "no row": rows(lambda row, run: None),
    "no spread": rows(lambda row, run: row | {"dice": 0.5}),
    "no spread, a metric of zeros": rows(lambda row, run: row | {"dice": 0}),
    "enormous": rows(lambda row, run: row | {"dice": 1e39 if run < "5" else -1e39}),
    "tiny": rows(lambda row, run: row | {"dice": 5e-324 if run < "5" else 1e-310}),
    "the base alone": planned(only_base),
    "one seed": planned(lambda plan: plan.update(runs=[one for one in plan["runs"] if one["seed"] == 0])),
    "one run": planned(lambda plan: plan.update(runs=plan["runs"][:1])),
    "no run": planned(lambda plan: plan.update(runs=[])),
    "nothing finished": without(),
    "the base did not finish": without("base"),
    "an arm did not finish": without("channels=[8, 16]"),
    "an arm failed": failed,
    "a fraction": planned(lambda plan: [one.update(fraction=0.25) for one in plan["runs"][:2]]),
    "no margin": planned(lambda plan: plan.update(margin=None)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_report_stands_and_claims_nothing_that_is_not_defined(case: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "study")
    CASES[case](folder)
    values = answer("study", "report", folder)
    page = (folder / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("<section") == 10
    assert "nan" not in page.lower().replace("nanoseconds", "").split("<section", 1)[1].split('id="method"')[0]
    for each in values["comparisons"] + values["by_class"]:
        assert (each["p"] is None) == (each["verdict"] == "untested")
        assert (each["interval"] is None) == (each["p"] is None)
    assert run("study", "status", folder).stdout.splitlines()[-1].endswith("runs are done")


@pytest.mark.parametrize(
    "case", ["no value at all", "one seed", "no spread", "other images in each run", "no number at all"]
)
def test_what_is_not_defined_is_untested(case: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "study")
    CASES[case](folder)
    values = answer("study", "report", folder)
    assert {each["verdict"] for each in values["comparisons"] + values["by_class"]} == {"untested"}
    assert values["spread"] is None
