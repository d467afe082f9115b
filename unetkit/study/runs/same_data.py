"""Checks that finished runs were trained on the present data; runs on different data are not comparable."""

from __future__ import annotations

import json

from unetkit.errors import Fault, UnetkitError
from unetkit.study.results.exit_status import state_of
from unetkit.study.results.results import StudyError
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.study import Study


def check_same_data(study: Study, study_folder: StudyFolder) -> None:
    """Raises StudyError, with the changes, where finished runs were trained on data that have changed since.

    Each data set is read once, and only if a run on it is done. Data that cannot be read here are reported by the runs.
    """
    from unetkit.data import load_data, open_data  # packages of networks are imported where they are needed
    from unetkit.train.machine import TrainError
    from unetkit.train.run_folder import DATA, check_same_data

    seen: set[str] = set()
    arms: set[str] = set()
    for run in study.runs:
        folder = study_folder.run(run.id)
        if run.arm.identity in arms or not (folder / DATA).is_file() or state_of(folder) != "done":
            continue
        arms.add(run.arm.identity)
        values = run.arm.values()["data"]
        key = json.dumps(values, sort_keys=True)
        if key in seen:
            continue
        seen.add(key)
        try:
            splits = open_data(load_data(values))
        except UnetkitError:
            continue
        try:
            check_same_data(splits, folder)
        except TrainError as error:
            (fault,) = error.faults
            if fault.code != "data-changed":
                raise
            message = f"{study_folder.path} has runs on other data than these. What changed:"
            cure = "Put the data back as they were, or choose another folder with -o."
            raise StudyError(Fault(fault.code, message, "data", cure, lines=fault.lines)) from error
