"""A study's folder -> results. The run folders are the truth: what has a `result.json` is done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from unetkit.errors import Fault
from unetkit.study.ending import failures_in
from unetkit.study.pictures import colours_in, pictures_in
from unetkit.study.results import ArmFacts, Curve, Results, RunFacts, Scores, StudyError
from unetkit.yamlfile import read

NONE: Mapping[str, str] = MappingProxyType({})
Plan = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


def results_in(folder: Path) -> Results:
    """Returns what the folder of a study holds: its `plan.json` and `study.yaml`, and its run folders in `runs/`.

    Raises StudyError where it is no such folder, and where a result cannot be read.
    """
    plan = read_json(folder / "plan.json")
    if plan is None:
        cure = "Name the folder that `unetkit study run` made, by default studies/NAME."
        raise StudyError(Fault("study-folder", f"{folder} holds no plan.json", cure=cure))
    settings = {"Study file": text} if (text := text_of(folder / "study.yaml")) else {}
    runs = folder / "runs"
    return collect(plan, runs, failures_in(runs, (run["id"] for run in plan["runs"])), settings)


def collect(plan: Plan, runs: Path, failures: Mapping[str, str] = NONE, settings: Mapping[str, str] = NONE) -> Results:
    """Returns what the runs of a study found; `plan` is its frozen matrix, as `Study.json` gives it.

    `runs` is the folder of the run folders, `failures` has reasons by run id, `settings` YAML texts for the report.
    Raises StudyError where a result cannot be read.
    """
    ids: dict[str, list[str]] = {}
    for run in plan["runs"]:
        ids.setdefault(run["arm"], []).append(run["id"])
    found = list(read_runs(plan, runs, failures))
    arms = tuple(arm_facts(arm, [runs / name for name in ids.get(arm["name"], ())]) for arm in plan["arms"])
    folders = [runs / run.id for run, _ in found if run.state == "done"]
    resolved = text_of(folders[0] / "run.yaml") if folders else ""
    return Results(
        name=plan["name"],
        metric=plan["metric"],
        base=arms[0].name,
        arms=arms,
        runs=tuple(run for run, _ in found),
        scores=Scores.gather(found),
        description=plan["description"],
        margin=plan["margin"],
        settings={**settings, "First run, as resolved": resolved} if resolved else settings,
        versions=versions(folders),
        colours=next((known for folder in folders if (known := colours_in(folder))), {}),
    )


def arm_facts(arm: Plan, folders: Sequence[Path]) -> ArmFacts:
    """Returns what a report tells of an arm; its spec stands in the `run.yaml` of any of its runs."""

    def spec() -> Mapping[str, Any]:
        values: Mapping[str, Any] = read(next(file for file in files if file.is_file())).values()["spec"]
        return values

    files = [folder / "run.yaml" for folder in folders]
    return ArmFacts(
        name=arm["name"],
        also=tuple(arm["also"]),
        differences=tuple((each["path"], written(each["new"])) for each in arm["differences"]),
        spec=spec if any(map(Path.is_file, files)) else None,
        input_size=tuple(arm.get("input_size", ())),
        parameters=arm.get("parameters"),
        macs=arm.get("macs"),
        receptive_field=tuple(arm.get("receptive_field", ())),
        skipped=arm["skipped"],
    )


def written(value: Any) -> str:
    """Returns a setting as it stands in YAML.

    >>> written([8, 16]), written(None), written(True), written("crop")
    ('[8, 16]', 'none', 'true', 'crop')
    >>> written({"type": "interpolate", "conv": 1})
    '{type: interpolate, conv: 1}'
    """
    if value is None:
        return "none"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {written(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_runs(plan: Plan, runs: Path, failures: Mapping[str, str]) -> Iterator[tuple[RunFacts, Rows]]:
    """Yields each run with the rows of its scores, none where it is not done."""
    for run in plan["runs"]:
        folder = runs / run["id"]
        key = (run["id"], run["arm"], run["seed"], run["fraction"])
        result = read_json(folder / "result.json")
        if result is None:
            reason = failures.get(run["id"])
            yield RunFacts(*key, state="missing" if reason is None else "failed", reason=reason or ""), ()
            continue
        timing = read_json(folder / "timing.json") or {}
        try:
            facts = RunFacts(
                *key,
                seconds=timing.get("seconds"),
                steps=result["steps"],
                loss=curve(result["loss"]),
                validation=curve(result["validation"]),
                examples=pictures_in(folder),
            )
            yield facts, result["scores"]["images"]
        except KeyError as error:
            raise unreadable(folder / "result.json", f"it lacks {error}") from error
        except (TypeError, ValueError) as error:
            raise unreadable(folder / "result.json", f"it is no result of a run: {error}") from error


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


def text_of(path: Path) -> str:
    """Returns the text of a file that is only shown; empty where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def unreadable(path: Path, reason: str) -> StudyError:
    """Returns the error about a file of a study."""
    cure = "Remove it and run the study again: it makes what is missing."
    return StudyError(Fault("result-unreadable", f"{path} cannot be read: {reason}", cure=cure))


def versions(folders: Sequence[Path]) -> dict[str, str]:
    """Returns the versions that the first finished run was made with, and where."""
    for folder in folders:
        if timing := read_json(folder / "timing.json"):
            about = {key: timing[key] for key in ("host", "threads", "device") if key in timing}
            return {key: str(value) for key, value in {**timing.get("versions", {}), **about}.items()}
    return {}
