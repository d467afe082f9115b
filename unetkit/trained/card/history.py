"""The history of a training, from its model file or the folder of its run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from unetkit.errors import Fault, FileError
from unetkit.scoring import METRICS, Scores

_MAX_BYTES = 64 << 20
"""Largest size of a result file; a run writes far less."""
_LARGEST = 1e39


def _in_range(value: float) -> float:
    """The value unchanged; raises ValueError where it exceeds single precision."""
    if isfinite(value) and abs(value) > _LARGEST:
        raise ValueError(f"{value:g} is out of range")
    return value


_NonNegative = Annotated[int, Field(ge=0, lt=2**63)]
Value = Annotated[float, AfterValidator(_in_range)]
_StepValues = tuple[tuple[_NonNegative, Value | None], ...]
"""Steps and values; None for values that are not finite."""


class ScoreRows(BaseModel):
    """The scores of a run: a row for each image and class, with a value for each metric."""

    split: str = ""
    images: tuple[dict[str, str | Value | None], ...] = ()
    left_out: _NonNegative = 0
    """Number of rows, where they are too many for a model file."""


class OutputMeans(BaseModel):
    """The means of the metrics of an output."""

    mean: dict[str, Value | None] = {}


class History(BaseModel):
    """What is known of a training; every field is optional."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    steps: _NonNegative | None = None
    seconds: Annotated[float, Field(ge=0, le=1e12)] | None = None
    seed: _NonNegative | None = None
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    run: dict[str, Any] = {}
    data: str = ""
    digest: str = ""
    classes: tuple[str, ...] = ()
    loss: _StepValues = ()
    validation: _StepValues = ()
    scores: ScoreRows = ScoreRows()
    outputs: dict[str, OutputMeans] = {}
    """Of a network with several outputs."""

    def measured(self, classes: tuple[str, ...]) -> Scores | None:
        """The scores of the run; None where there are none, or those of other classes."""
        rows = self.scores.images
        if not rows or {row.get("class") for row in rows} - set(classes):
            return None
        metrics = tuple(name for name in METRICS if any(name in row for row in rows))
        return Scores.of(classes, metrics, rows) if metrics else None


def history_of(values: Mapping[str, Any], source: object) -> History:
    """The history in plain values; raises FileError where they are invalid."""
    try:
        return History.model_validate(dict(values))
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise FileError(Fault("run-damaged", f"{source}: {where} is invalid", cure="Repeat the training.")) from error


def read_history(folder: Path) -> History:
    """The history in a run's result.json and, for the seconds, its timing.json."""
    file, timing = folder / "result.json", folder / "timing.json"
    values = _read_json(file)
    if timing.exists():
        seconds = _read_json(timing).get("seconds")
        values |= {"seconds": seconds} if isinstance(seconds, int | float) and isfinite(seconds) else {}
    return history_of(values, file)


def _read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file; raises FileError where there is none."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES:,} bytes")
        values = json.loads(file.read_text("utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it is not a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        cure = "Give the folder of a finished run."
        raise FileError(Fault("run-unreadable", f"{file} cannot be read: {reason}", cure=cure)) from error
    return values
