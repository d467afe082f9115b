"""unetkit study status."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

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
    from unetkit.study import study_status

    found = study_status(folder)
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
