"""The training of a search: halving on the validation images, then a study of the finalists with fresh seeds.

The validation score of the best of many is too high, because it is the best of many (the winner's curse). What a search
reports as a result is therefore the study: other seeds, and test images by which nothing was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unetkit.document.merge import plain
from unetkit.engine import EngineOptions
from unetkit.errors import Fault, UnetkitError
from unetkit.language import to_text
from unetkit.quoting import table_text
from unetkit.study.execution import RunOptions, run_study, settings_of
from unetkit.study.loading import load_study
from unetkit.study.report.writing import StudyReport
from unetkit.study.results.exit_status import failures_in
from unetkit.study.runs.coordinator import Coordinator, StudyListener, run_text
from unetkit.study.runs.engines import open_engine
from unetkit.study.runs.same_data import check_same_data
from unetkit.study.runs.study_folder import StudyFolder
from unetkit.study.search.halving import Halving, TrainedNetwork, halving_study
from unetkit.study.search.searching import FoundFront
from unetkit.study.search.training import search_seed, seeds_of, steps_of
from unetkit.wording import plural
from unetkit.writing import write_whole


@dataclass(frozen=True)
class ConfirmedSearch:
    """The finalists by validation, the folder of the confirming study, its report, and reasons of failed runs."""

    finalists: tuple[TrainedNetwork, ...]
    folder: Path
    report: StudyReport | None
    failures: dict[str, str]

    def json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "finalists": [one._asdict() for one in self.finalists],
            "confirmation": str(self.folder),
            "summary": list(self.report.summary) if self.report else [],
        }


def confirm(
    found: FoundFront, folder: Path, finalists: int, options: RunOptions, listener: StudyListener
) -> ConfirmedSearch:
    """Trains the networks of a front by successive halving, and compares the finalists with the base in a study.

    It can be interrupted and repeated: runs that are done are kept. Raises UnetkitError where no network could be
    trained.
    """
    best = train_front(found, folder, options, listener).best(finalists)
    file = folder / "confirmation.yaml"
    write_whole(file, to_text(confirming_study(found, best)).encode())
    result = run_study(load_study(file), folder / "confirmation", options, listener=listener)
    return ConfirmedSearch(tuple(best), result.folder, result.report, result.failures)


def train_front(found: FoundFront, folder: Path, options: RunOptions, listener: StudyListener) -> Halving:
    """Trains the networks of a front by successive halving in `folder/trials`, and writes their scores as a table."""
    study, trials = (
        halving_study(found, steps_of(found.space), search_seed(found.space)),
        StudyFolder(folder / "trials"),
    )
    halving = Halving(study, trials, len(found.networks))
    run_text(study, study.runs[0])  # faults that all runs share are reported before anything is trained
    settings = settings_of(study, options)
    engine = open_engine(options.engine, EngineOptions(settings.at_once, trials.path.absolute(), options.address))
    with trials.locked():
        trials.check(study)
        trials.freeze(study)
        check_same_data(study, trials)
        if due := halving.due():
            first = f"{plural(len(found.networks), 'network')} in {len(study.arms) // len(found.networks)} rounds"
            listener.note(f"{study.name}: {first}, {plural(len(due), 'run')} to do in this one")
            listener.begin(len(due))
            try:
                with engine as executor:
                    Coordinator(study, trials, listener, settings, due=halving.due).run(executor)
            finally:
                listener.finish()
        failures = failures_in(trials.runs, (run.id for run in study.runs))
        for run in study.runs:
            if run.id in failures:
                listener.note(f"failed: {run.arm.name}: {failures[run.id]}")
    if not halving.trained:
        message = f"no network could be trained: {'; '.join(dict.fromkeys(failures.values()))}"
        raise UnetkitError(Fault("search-failed", message, cure=f"The logs are in {trials.runs}."))
    rows = [(f"specs/{one.number:02}.yaml", one.steps, one.score) for one in halving.best(len(halving.trained))]
    write_whole(folder / "trials.csv", table_text([("spec", "steps", "validation_dice"), *rows]).encode())
    return halving


def confirming_study(found: FoundFront, finalists: list[TrainedNetwork]) -> dict[str, Any]:
    """The study of the finalists as plain values: the base, data, training and seeds of the space."""
    space = found.space
    own = {key: getattr(space.keys, key) for key in ("metric", "margin", "group")}
    return {
        "unetkit": 1,
        "name": f"{space.name}-confirmation",
        "base": dict(space.base.spec.values()),
        "data": space.base.part("data", ()),
        "training": plain(space.base.training),
        **{key: value for key, value in own.items() if key in space.keys.model_fields_set},
        "seeds": seeds_of(space),
        "arms": {f"spec-{one.number:02}": dict(found.networks[one.number - 1].arm.settings) for one in finalists},
    }
