"""Collects the results in a study's folder. A run with a `result.json` in its folder is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from unetkit.document.document import parse
from unetkit.errors import Fault, SpecError
from unetkit.study.results.exit_status import failures_in
from unetkit.study.results.links import refuse_links
from unetkit.study.results.pictures import colours_in, pictures_in
from unetkit.study.results.records import (
    ArmRecord,
    PlanRecord,
    ResultRecord,
    RunRecord,
    TimingRecord,
    content_of,
    read_record,
    unreadable,
)
from unetkit.study.results.results import ArmFacts, Curve, Factors, Results, RunFacts, ScoreTable, StudyError

NONE: Mapping[str, str] = MappingProxyType({})
_MOST_TEXT = 256 * 1024
"""Largest number of bytes of a text that a report shows."""
_MOST_FAULTS = 20
"""Largest number of unreadable files that an error lists."""
_Rows = Sequence[Mapping[str, Any]]


def results_in(folder: Path) -> Results:
    """The results in a study's folder: its `plan.json` and `study.yaml`, and its run folders in `runs/`.

    Raises StudyError where it is not a study's folder, where links lead out of it, and where results are unreadable.
    """
    plan = plan_in(folder)
    refuse_links(folder)
    settings = {"Study file": text} if (text := _text_of(folder / "study.yaml")) else {}
    runs = folder / "runs"
    return collect(plan, runs, failures_in(runs, (run.id for run in plan.runs)), settings)


def plan_in(folder: Path) -> PlanRecord:
    """The frozen plan in a study's folder; raises StudyError where it is missing or invalid."""
    plan = read_record(PlanRecord, folder / "plan.json")
    if plan is None:
        cure = "Name the folder that `unetkit study run` made, by default studies/NAME."
        raise StudyError(Fault("study-folder", f"{folder} holds no plan.json", cure=cure))
    return plan


def collect(
    plan: PlanRecord, runs: Path, failures: Mapping[str, str] = NONE, settings: Mapping[str, str] = NONE
) -> Results:
    """The results of a planned study.

    `runs` is the folder of the run folders, `failures` has reasons by run id, `settings` YAML texts for the report.
    Raises StudyError where results are unreadable.
    """
    ids: dict[str, list[str]] = {}
    for run in plan.runs:
        ids.setdefault(run.arm, []).append(run.id)
    found = list(_read_runs(plan, runs, failures))
    arms = tuple(_arm_facts(arm, [runs / name for name in ids.get(arm.name, ())]) for arm in plan.arms)
    folders = [runs / run.id for run, _ in found if run.state == "done"]
    resolved = _text_of(folders[0] / "run.yaml") if folders else ""
    return Results(
        name=plan.name,
        metric=plan.metric,
        base=arms[0].name,
        arms=arms,
        runs=tuple(run for run, _ in found),
        scores=ScoreTable.gather(found),
        description=plan.description,
        margin=plan.margin,
        group=plan.group,
        looks=plan.looks,
        error=plan.error,
        settings={**settings, "First run, as resolved": resolved} if resolved else settings,
        versions=versions(folders),
        colours=next((known for folder in folders if (known := colours_in(folder))), {}),
        factors=_factors(plan),
    )


def _factors(plan: PlanRecord) -> Factors | None:
    """The factors of a plan, with the levels of each arm by its name."""
    if (found := plan.factors) is None:
        return None
    arms = {}
    for arm in plan.arms:
        levels = next((found.points[name] for name in (arm.name, *arm.also) if name in found.points), None)
        if levels is not None and len(levels) == len(found.axes):
            arms[arm.name] = levels
    return Factors(found.axes, arms, found.aliases, found.data)


def _arm_facts(arm: ArmRecord, folders: Sequence[Path]) -> ArmFacts:
    """The facts of an arm for a report; its spec is read from the `run.yaml` of one of its runs."""

    def spec() -> Mapping[str, Any]:
        file = next(file for file in files if file.is_file())
        values = parse(_text_of(file), str(file), find=refuse).values().get("spec")
        if not isinstance(values, dict):
            raise unreadable(file, "it holds no spec")
        return values

    files = [folder / "run.yaml" for folder in folders]
    return ArmFacts(
        name=arm.name,
        also=arm.also,
        differences=tuple((each.path, written(each.new)) for each in arm.differences),
        spec=spec if any(map(Path.is_file, files)) else None,
        input_size=arm.input_size,
        parameters=arm.parameters,
        macs=arm.macs,
        receptive_field=arm.receptive_field,
        skipped=arm.skipped,
    )


def refuse(name: str, base: Path | None) -> NoReturn:
    """Raises SpecError: a resolved run must not extend another file."""
    raise SpecError(
        Fault("run-extends", f"a resolved run extends another file, {name}", cure="It holds its spec whole.")
    )


def written(value: Any) -> str:
    """A setting as written in YAML.

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


def _read_runs(plan: PlanRecord, runs: Path, failures: Mapping[str, str]) -> Iterator[tuple[RunFacts, _Rows]]:
    """Yields each run with the rows of its scores, empty unless it is done; raises StudyError."""
    faults: list[Fault] = []
    for run in plan.runs:
        try:
            yield _read_run(run, runs / run.id, failures.get(run.id))
        except StudyError as error:
            faults += error.faults
    if faults:
        raise StudyError(*faults[:_MOST_FAULTS])


def _read_run(run: RunRecord, folder: Path, reason: str | None) -> tuple[RunFacts, _Rows]:
    """A run with the rows of its scores; raises StudyError where they are unreadable."""
    key = (run.id, run.arm, run.seed, run.fraction)
    result = read_record(ResultRecord, folder / "result.json")
    if result is None:
        return RunFacts(*key, state="missing" if reason is None else "failed", reason=reason or ""), ()
    for row in result.scores.images:
        if wrong := _wrong_in(row):
            raise unreadable(folder / "result.json", f"scores.images: {wrong}")
    timing = read_record(TimingRecord, folder / "timing.json") or TimingRecord()
    facts = RunFacts(
        *key,
        seconds=timing.seconds,
        steps=result.steps,
        loss=curve(result.loss),
        validation=curve(result.validation),
        examples=pictures_in(folder),
    )
    return facts, result.scores.images


def curve(points: Iterable[tuple[int, float | None]]) -> Curve:
    """The points of a learning curve that have a value."""
    return tuple((step, value) for step, value in points if value is not None)


def _wrong_in(row: Mapping[str, Any]) -> str:
    """The fault of the scores of an image and class; empty where there is none."""
    texts = {name for name, value in row.items() if isinstance(value, str)}
    if texts != {"image", "class"}:
        names = sorted(texts ^ {"image", "class"})
        return f"a row lacks {names[0]}" if names[0] not in texts else f"{names[0]} is no number"
    return ""


def _text_of(path: Path) -> str:
    """The text of a file, to be shown; empty where there is no file. Raises StudyError where it is unreadable."""
    try:
        return (content_of(path, _MOST_TEXT) or b"").decode("utf-8", "replace")
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error


def versions(folders: Sequence[Path]) -> dict[str, str]:
    """The package versions and the machine of the first finished run."""
    for folder in folders:
        if timing := read_record(TimingRecord, folder / "timing.json"):
            about = {"host": timing.host, "threads": timing.threads, "device": timing.device}
            known = {key: about[key] for key in about if key in timing.model_fields_set}
            return {key: str(value) for key, value in {**timing.versions, **known}.items()}
    return {}
