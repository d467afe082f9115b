"""The study mode of the page: what the values of some keys make as arms, what they cost, and the file of the study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unetkit.document.document import from_values, override, parse, to_text
from unetkit.document.merge import as_lists, plain
from unetkit.errors import Fault, SpecError, UnetkitError
from unetkit.language.spec_keys import SpecKeys
from unetkit.play.reading import UNSAVED, Source, finder, read
from unetkit.study.advice import warnings
from unetkit.study.cost import cost
from unetkit.study.loading import StudyLoader
from unetkit.study.matrix.arm import Arm
from unetkit.study.study_keys import DESIGNS
from unetkit.wording import duration, magnitude, megabytes, plural, value_text

_NOT_VARIED = ("unetkit", "extends", "plugins")


def study(request: Mapping[str, Any], file: Path | None) -> dict[str, Any]:
    """The arms, costs and warnings of a study of a text, and its file. The request has `axes`: paths with values.

    Raises UnetkitError with the faults of the text and of the axes.
    """
    source = Source(str(request.get("text", "")), file)
    values = _values(request, source)
    document = from_values(values, "study.yaml", find=finder(file))
    loaded = StudyLoader(Path("study.yaml"), document=document).study(quick=True)
    costs = cost(loaded)
    facts = [arm.facts for arm in loaded.planned if arm.facts]
    largest = max((arm.memory() for arm in loaded.planned), default=0)
    hours = [] if costs.hours is None else [("training", f"{duration(costs.hours * 3600)}, one run after another")]
    return {
        "faults": [],
        "warnings": list(warnings(loaded)),
        "arms": [_arm_json(arm) for arm in loaded.arms],
        "runs": costs.runs,
        "costs": [
            ("runs", f"{plural(len(loaded.planned), 'arm')} × {plural(len(loaded.seeds), 'seed')}"),
            ("MACs", _range([one.macs for one in facts])),
            ("memory of the largest arm", megabytes(largest)),
            ("disk", megabytes(costs.total_disk)),
            *hours,
        ],
        "yaml": to_text(values),
    }


def _arm_json(arm: Arm) -> dict[str, Any]:
    """An arm as plain values; one that cannot be built has no costs."""
    facts = arm.facts
    return {
        "name": arm.name,
        "settings": {path: value_text(value) for path, value in arm.settings},
        "parameters": facts and facts.parameters,
        "macs": facts and facts.macs,
        "memory": facts and arm.memory(),
        "skipped": arm.skipped,
    }


def _values(request: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """The keys of the study file."""
    axes: dict[str, list[Any]] = {}
    for path, texts in dict(request.get("axes") or {}).items():
        if str(path).partition(".")[0] not in SpecKeys.model_fields or str(path).partition(".")[0] in _NOT_VARIED:
            raise SpecError(Fault("unknown-path", f"{path!r} leads to nothing in the spec that can vary", str(path)))
        axes[str(path)] = [_value(text) for text in texts]
    design = request.get("design") or DESIGNS[0]
    base = as_lists(plain(read(source).root))
    base.setdefault("name", Path(source.name if source.file else UNSAVED).stem)
    return {
        "unetkit": 1,
        "base": base,
        "axes": {path: values for path, values in axes.items() if values},
        **({"design": design} if design != DESIGNS[0] else {}),
        "seeds": request.get("seeds") or 6,
        "budget": {"steps": 1000},
    }


def _value(text: Any) -> Any:
    """A value as the page gives it: YAML on one line, or a plain value."""
    if not isinstance(text, str):
        return text
    try:
        return as_lists(plain(override(parse("value: 0"), [f"value={text}"]).node("value")))
    except UnetkitError:
        return text


def _range(numbers: list[int]) -> str:
    """The least and the most of some counts."""
    if not numbers:
        return "-"
    low, high = magnitude(min(numbers)), magnitude(max(numbers))
    return low if low == high else f"{low} to {high}"
