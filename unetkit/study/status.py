"""The status of a study: the state of each of its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unetkit.study.results.collecting import plan_in, results_in
from unetkit.study.results.index import entries_in, running
from unetkit.study.results.links import refuse_links
from unetkit.study.runs.study_folder import StudyFolder


def study_status(folder: Path) -> dict[str, Any]:
    """The runs in a study's folder with their states, as plain values; raises StudyError for any other folder."""
    study_folder = StudyFolder(folder)
    plan = plan_in(folder)
    refuse_links(folder)
    active = running(folder) if study_folder.busy else {}
    planned = ((run.id, run.arm, run.seed, run.fraction) for run in plan.runs)
    rows = [
        row._replace(state="running", since=active[row.id], reason="")
        if row.id in active and row.state != "done"
        else row
        for row in entries_in(planned, study_folder.runs)
    ]
    values: dict[str, Any] = {}
    if plan.looks:
        from unetkit.study.deciding import stage_of  # imports numpy

        stage = stage_of(results_in(folder))
        unneeded = {run.id for run in stage.unneeded}
        rows = [row._replace(state="unneeded") if row.id in unneeded else row for row in rows]
        values = {"looks": list(plan.looks), "looked": stage.settings.looked, "stage": str(stage)}
    return values | {"name": plan.name, "busy": study_folder.busy, "runs": [row._asdict() for row in rows]}
