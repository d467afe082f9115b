"""Schemas of the JSON files in a study's folder, which may come from an untrusted source.

They are `plan.json`, and in the folder of a run `result.json`, `timing.json`, `exit.json` and
`examples/colours.json`. Unknown keys are ignored.
"""

from __future__ import annotations

import os
import stat
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from unetkit.errors import Fault
from unetkit.study.results.results import StudyError

_MOST_BYTES = 64 << 20
"""Largest size of a file; a run of ten thousand images with ten classes writes less."""
_LARGEST = 1e39
"""Largest value: above single precision, and small enough that sums and squares are finite."""

Name = Annotated[str, Field(min_length=1, max_length=1_000)]
Text = Annotated[str, Field(max_length=100_000)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
_Seed = Annotated[int, Field(ge=-(2**63), lt=2**63)]
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""The name of a run's folder: never a path."""
Fraction = Annotated[float, Field(gt=0, le=1)]
Size = Annotated[int, Field(ge=1, le=10**9)]


def known(value: float | None) -> float | None:
    """The value, or None where it is not finite; raises ValueError where it is out of range."""
    if value is None or not isfinite(value):
        return None
    if abs(value) > _LARGEST:
        raise ValueError(f"{value:g} is out of range")
    return value


Value = Annotated[float | None, AfterValidator(known)]
Points = tuple[tuple[Count, Value], ...]
"""A curve: steps and values."""


class StudyRecord(BaseModel):
    """Base of all records. Validation is strict: a text is not accepted as a number."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class DifferenceRecord(StudyRecord):
    """A setting in which an arm differs from the base."""

    path: Text
    new: Any = None


class ArmRecord(StudyRecord):
    """An arm in the plan."""

    name: Name
    also: tuple[Name, ...] = ()
    differences: tuple[DifferenceRecord, ...] = ()
    input_size: Annotated[tuple[Size, ...], Field(max_length=3)] = ()
    parameters: Count | None = None
    macs: Annotated[int, Field(ge=0, lt=10**30)] | None = None
    receptive_field: Annotated[tuple[Size | None, ...], Field(max_length=3)] = ()
    skipped: Text = ""


class RunRecord(StudyRecord):
    """A run in the plan."""

    id: _Id
    arm: Name
    seed: _Seed
    fraction: Fraction


class FactorsRecord(StudyRecord):
    """The factors of a design: their levels, those of each arm, and sets of interactions that cannot be told apart."""

    axes: Annotated[dict[Name, tuple[Name, ...]], Field(max_length=100)]
    data: tuple[Name, ...] = ()
    points: dict[Name, tuple[Name, ...]]
    aliases: tuple[tuple[tuple[Name, Name], ...], ...] = ()


class PlanRecord(StudyRecord):
    """The frozen plan, as `Study.json` returns it. The first arm is the base."""

    name: Name
    description: Text = ""
    metric: Name
    margin: Annotated[float, Field(gt=0, le=_LARGEST)] | None = None
    group: Text = ""
    looks: Annotated[tuple[Annotated[int, Field(ge=2, le=1000)], ...], Field(max_length=20)] = ()
    error: Annotated[float, Field(gt=0, lt=0.5, strict=False)] = 0.05
    arms: Annotated[tuple[ArmRecord, ...], Field(min_length=1)]
    runs: tuple[RunRecord, ...]
    factors: FactorsRecord | None = None


class ScoresRecord(StudyRecord):
    """The scores of a run: a map for each image and class, with a value for each metric."""

    images: tuple[dict[Name, Name | Value], ...]


class ResultRecord(StudyRecord):
    """The result of a run."""

    steps: Count
    loss: Points
    validation: Points
    scores: ScoresRecord


class TimingRecord(StudyRecord):
    """The duration of a run, and the machine and versions it used."""

    seconds: Annotated[float, Field(ge=0, le=1e12)] | None = None
    host: Name = "unknown"
    threads: Count | None = None
    device: Name = "unknown"
    versions: dict[Name, Name] = {}


class ExitRecord(StudyRecord):
    """The exit status of the last attempt at a run."""

    code: Annotated[int, Field(ge=-1_000, le=1_000)]
    reason: Text


_Byte = Annotated[int, Field(ge=0, le=255)]
COLOURS = TypeAdapter(dict[Name, tuple[_Byte, _Byte, _Byte]], config=ConfigDict(strict=True))
"""The colours of the classes, in their order."""

Kind = TypeVar("Kind", bound=StudyRecord)


def content_of(path: Path, most: int = _MOST_BYTES) -> bytes | None:
    """The bytes of a regular file; None where there is no file.

    Raises OSError, without blocking, for a pipe, a device or a folder, and for a file that is too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(0, "it is no file")
        if about.st_size > most:
            raise OSError(0, f"it has more than {most:,} bytes")
        return file.read(most)


def read_record(kind: type[Kind], path: Path) -> Kind | None:
    """The record in a file; None where there is no file. Raises StudyError where it is invalid."""
    try:
        content = content_of(path)
        return None if content is None else kind.model_validate_json(content)
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    except ValidationError as error:
        raise unreadable(path, reason(error)) from error


def reason(error: ValidationError) -> str:
    """The first fault of a file."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    first = next((each for each in found if each["type"] != "string_type"), found[0])  # of a union, what says more
    if first["type"] == "json_invalid":
        return "it is no JSON"
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("constrained-", "dict["))) or "it"
    if first["type"] == "missing":
        return f"it lacks {where!r}"
    return "it holds no map" if where == "it" else f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def unreadable(path: Path, told: str) -> StudyError:
    """The error about a file of a study."""
    cure = "Remove it and run the study again: it makes what is missing."
    return StudyError(Fault("result-unreadable", f"{path} cannot be read: {told}", cure=cure))
