"""unetkit study status."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import AsJson
from unetkit.cli.output import say
from unetkit.wording import duration

_Folder = Annotated[Path, typer.Argument(metavar="STUDY_FOLDER", help="The folder of a study.", show_default=False)]
_STATES = ("done", "running", "waiting", "failed", "unneeded")


def status(folder: _Folder, as_json: AsJson = False) -> None:
    """Show the progress of a study: which runs are done, active, waiting or failed, and why."""
    from unetkit.cli.output import print_json, print_rich, table
    from unetkit.study import study_status

    values = study_status(folder)
    if as_json:
        print_json(values)
        return
    by_arm: dict[str, Counter[str]] = {}
    for run in values["runs"]:
        by_arm.setdefault(run["arm"], Counter())[run["state"]] += 1
    states = _STATES if "stage" in values else _STATES[:-1]
    arms = table("arm", *states, right=states, wrap=["arm"])
    for arm, counts in by_arm.items():
        arms.add_row(arm, *(str(counts[state] or "-") for state in states))
    print_rich(f"{values['name']}: {'active' if values['busy'] else 'not active'}\n", arms)
    for run in values["runs"]:
        if run["state"] == "running":
            say(f"running: {run['arm']}, seed {run['seed']}, for {duration(time.time() - run['since'])}")
        if run["state"] == "failed":
            say(f"failed: {run['arm']}, seed {run['seed']}: {run['reason']}")
    if "stage" in values:
        say(values["stage"])
    say(f"{sum(counts['done'] for counts in by_arm.values()):,} of {len(values['runs']):,} runs are done")
