"""unetkit study status."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from unetkit.cli.arguments import AsJson
from unetkit.cli.output import say

FolderArgument = Annotated[
    Path,
    typer.Argument(metavar="STUDY_FOLDER", help="The folder of a study that has been started.", show_default=False),
]
STATES = ("done", "running", "waiting", "failed")


def status(folder: FolderArgument, as_json: AsJson = False) -> None:
    """Show the progress of a study: runs that are done, active, waiting or failed, and the reasons."""
    from unetkit.cli.output import print_json, print_rich, table
    from unetkit.cli.study.plan import duration

    found = states_in(folder)
    if as_json:
        print_json(found)
        return
    counts = Counter(run["state"] for run in found["runs"])
    by_arm: dict[str, Counter[str]] = {}
    for run in found["runs"]:
        by_arm.setdefault(run["arm"], Counter())[run["state"]] += 1
    made = table("arm", *STATES, right=STATES, wrap=["arm"])
    for arm, states in by_arm.items():
        made.add_row(arm, *(str(states[state] or "-") for state in STATES))
    print_rich(f"{found['name']}: {'runs now' if found['busy'] else 'does not run now'}\n", made)
    for run in found["runs"]:
        if run["state"] == "running":
            say(f"running: {run['arm']}, seed {run['seed']}, for {duration(time.time() - run['since'])}")
        if run["state"] == "failed":
            say(f"failed: {run['arm']}, seed {run['seed']}: {run['reason']}")
    say(f"{counts['done']:,} of {len(found['runs']):,} runs are done")


def states_in(folder: Path) -> dict[str, Any]:
    """The states of the runs in a study's folder as plain values; raises StudyError for any other folder."""
    from unetkit.study.results.collecting import plan_in
    from unetkit.study.results.index import entries_in, running
    from unetkit.study.results.links import refuse_links
    from unetkit.study.runs.study_folder import StudyFolder

    study_folder = StudyFolder(folder)
    plan = plan_in(folder)
    refuse_links(folder)
    now = running(folder) if study_folder.busy else {}
    planned = ((run.id, run.arm, run.seed, run.fraction) for run in plan.runs)
    entries = [
        one._replace(state="running", since=now[one.id], reason="") if one.id in now and one.state != "done" else one
        for one in entries_in(planned, study_folder.runs)
    ]
    return {"name": plan.name, "busy": study_folder.busy, "runs": [one._asdict() for one in entries]}
