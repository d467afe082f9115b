"""How a network was trained, as far as its file or the folder of its run says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from unetkit.errors import Fault, FileError
from unetkit.scoring import METRICS, Scores

MOST_BYTES = 64 << 20
"""Of a result file; a run writes far less."""

Number = int | float
LARGEST = 1e39
Count = Annotated[int, Field(ge=0, lt=2**63)]


def possible(value: float) -> float:
    """Returns a value; raises ValueError for a number that single precision cannot hold."""
    if isfinite(value) and abs(value) > LARGEST:
        raise ValueError(f"{value:g} is out of range")
    return value


Value = Annotated[float, AfterValidator(possible)]
Curve = tuple[tuple[Count, Value | None], ...]
"""Steps and values; None for what was no number."""


class ScoreRows(BaseModel):
    """Scores as a run keeps them: a row per image and class, with a value per metric."""

    split: str = ""
    images: tuple[dict[str, str | Value | None], ...] = ()
    left_out: Count = 0
    """Rows that were too many for a model file."""


class History(BaseModel):
    """What is known of a training; nothing of it has to be."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    steps: Count | None = None
    seconds: Annotated[float, Field(ge=0, le=1e12)] | None = None
    seed: Count | None = None
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    run: dict[str, Any] = {}
    data: str = ""
    digest: str = ""
    classes: tuple[str, ...] = ()
    loss: Curve = ()
    validation: Curve = ()
    scores: ScoreRows = ScoreRows()

    def measured(self, classes: tuple[str, ...]) -> Scores | None:
        """Returns the scores of a run; None where it has none, or of other classes."""
        rows = self.scores.images
        if not rows or {row.get("class") for row in rows} - set(classes):
            return None
        metrics = tuple(name for name in METRICS if any(name in row for row in rows))
        return Scores.of(classes, metrics, rows) if metrics else None


def history_of(values: Mapping[str, Any], place: object) -> History:
    """Returns what plain values say of a training; raises FileError where they are not what they must be."""
    try:
        return History.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise FileError(Fault("run-damaged", f"{place}: {where} is not what it must be", cure="Train anew.")) from error


def read_history(folder: Path) -> History:
    """Returns what the folder of a run says: its result.json, and the seconds of its timing.json if there is one."""
    file = folder / "result.json"
    values = read_json(file)
    timing = folder / "timing.json"
    if timing.exists():
        seconds = read_json(timing).get("seconds")
        values |= {"seconds": seconds} if isinstance(seconds, Number) and isfinite(seconds) else {}
    return history_of(values, file)


def read_json(file: Path) -> dict[str, Any]:
    """Returns the map in a JSON file; raises FileError where there is none."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        values = json.loads(file.read_text("utf-8"))
        if not isinstance(values, dict):
            raise ValueError("no map")
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        cure = "Give the folder of a run that has ended."
        raise FileError(Fault("run-unreadable", f"{file} cannot be read: {reason}", cure=cure)) from error
    return values
