"""A study and its run folders -> results. The folders are the truth: what has a `result.json` is done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from unetkit.errors import Fault
from unetkit.spec.loading import listed
from unetkit.study.arm import Arm, Run
from unetkit.study.loading import load_study
from unetkit.study.pictures import colours_in, pictures_in
from unetkit.study.results import ArmFacts, Curve, Results, RunFacts, Scores, StudyError
from unetkit.study.study import Study

NONE: Mapping[str, str] = MappingProxyType({})
Rows = Sequence[Mapping[str, Any]]


def results_in(folder: Path) -> Results:
    """Returns what the folder of a study holds: its `study.yaml`, and its run folders in `runs/`.

    Raises StudyError where it is no such folder, and where a result cannot be read.
    """
    file = folder / "study.yaml"
    if not file.is_file():
        cure = "Name the folder that `unetkit study run` made, by default studies/NAME."
        raise StudyError(Fault("study-folder", f"{folder} holds no study.yaml", cure=cure))
    return collect(load_study(str(file)), folder / "runs")


def collect(study: Study, runs: Path, failures: Mapping[str, str] = NONE) -> Results:
    """Returns what the runs of a study found; `runs` is the folder of run folders, `failures` reasons by run id.

    Raises StudyError where a result cannot be read.
    """
    found = list(read_runs(study.runs, runs, failures))
    frame = study.frame
    document = study.document
    return Results(
        name=study.name,
        metric=frame.metric,
        base=study.base.name,
        arms=tuple(map(arm_facts, study.arms)),
        runs=tuple(run for run, _ in found),
        scores=Scores.gather(found),
        description=frame.description,
        margin=frame.margin,
        settings=document.values() if document else {},
        versions=versions(study.runs, runs),
        colours=next((known for run in study.runs if (known := colours_in(runs / run.id))), {}),
    )


def arm_facts(arm: Arm) -> ArmFacts:
    """Returns what a report tells of an arm."""
    facts = arm.facts
    names = ("parameters", "macs", "receptive_field", "input_size")
    known: dict[str, Any] = {name: getattr(facts, name) for name in names} if facts else {}
    differences = tuple((each.path, written(each.new)) for each in arm.differences)
    return ArmFacts(
        arm.name, arm.also, differences, (lambda: arm.values()["spec"]) if facts else None, skipped=arm.skipped, **known
    )


def written(value: Any) -> str:
    """Returns a setting as it stands in YAML.

    >>> written((8, 16)), written(None), written(True), written("crop")
    ('[8, 16]', 'none', 'true', 'crop')
    """
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(listed(value), ensure_ascii=False)


def read_runs(runs: Sequence[Run], folder: Path, failures: Mapping[str, str]) -> Iterator[tuple[RunFacts, Rows]]:
    """Yields each run with the rows of its scores, none where it is not done."""
    for run in runs:
        path = folder / run.id
        result = read_json(path / "result.json")
        key = (run.id, run.arm.name, run.seed, run.fraction)
        if result is None:
            failed = run.id in failures
            yield RunFacts(*key, state="failed" if failed else "missing", reason=failures.get(run.id, "")), ()
            continue
        timing = read_json(path / "timing.json") or {}
        try:
            rows: Rows = result["scores"]["images"]
            loss, validation = curve(result["loss"]), curve(result["validation"])
            yield (
                RunFacts(
                    *key,
                    seconds=timing.get("seconds"),
                    steps=result["steps"],
                    loss=loss,
                    validation=validation,
                    examples=pictures_in(path),
                ),
                rows,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise unreadable(path / "result.json", f"it is no result of a run ({error!r})") from error


def curve(points: Sequence[Sequence[float]]) -> Curve:
    """Returns a learning curve from its pairs of step and value."""
    return tuple((int(step), float(value)) for step, value in points)


def read_json(path: Path) -> dict[str, Any] | None:
    """Returns the map in a file; None where there is no such file."""
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise unreadable(path, getattr(error, "strerror", None) or "it is no JSON") from error
    if not isinstance(values, dict):
        raise unreadable(path, "it holds no map")
    return values


def unreadable(path: Path, reason: str) -> StudyError:
    """Returns the error about a file of a run."""
    cure = "Remove the run's folder and run the study again: it does what is missing."
    return StudyError(Fault("result-unreadable", f"{path} cannot be read: {reason}", cure=cure))


def versions(runs: Sequence[Run], folder: Path) -> dict[str, str]:
    """Returns the versions that the first finished run was made with, and where."""
    for run in runs:
        if timing := read_json(folder / run.id / "timing.json"):
            made = timing.get("versions", {})
            about = {key: timing[key] for key in ("host", "threads", "device") if key in timing}
            return {key: str(value) for key, value in {**made, **about}.items()}
    return {}
