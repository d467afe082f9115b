"""The result of a run, which is the same on every machine, and separately its timing."""

from __future__ import annotations

import csv
import json
import platform
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from unetkit import __version__
from unetkit.errors import Fault
from unetkit.train.machine import Machine, TrainError
from unetkit.writing import write_whole

_PACKAGES = ("torch", "lightning", "numpy")


@dataclass(frozen=True)
class RunResult:
    """The folder of a run, and the content of its result.json."""

    folder: Path
    values: dict[str, Any]

    @property
    def steps(self) -> int:
        """The number of training steps."""
        return int(self.values["steps"])

    def means(self, metric: str = "dice") -> dict[str, float]:
        """The mean of a metric by class, over the images with a value; NaN where there is none."""
        by_class: dict[str, list[float]] = {name: [] for name in self.values["classes"]}
        for row in self.values["scores"]["images"]:
            if row[metric] is not None:
                by_class[row["class"]].append(row[metric])
        return {name: sum(values) / len(values) if values else float("nan") for name, values in by_class.items()}


class _Scores(BaseModel):
    """The scores in a result.json: a map for each image and class, with a value for each metric."""

    images: tuple[dict[str, str | float | None], ...]


class _ResultFile(BaseModel):
    """The keys of a result.json that are read."""

    model_config = ConfigDict(strict=True, extra="ignore")

    steps: Annotated[int, Field(ge=0, lt=2**63)]
    classes: tuple[str, ...]
    scores: _Scores


def read_result(folder: Path) -> RunResult | None:
    """The result in a folder; None where there is none. Raises TrainError where it is damaged."""
    file = folder / "result.json"
    if not file.exists():
        return None
    try:
        text = file.read_bytes()
        _ResultFile.model_validate_json(text)
        return RunResult(folder, json.loads(text))
    except (OSError, ValueError, RecursionError) as error:
        reason = _first_fault(error) if isinstance(error, ValidationError) else error
        fault = Fault("result-damaged", f"{file} cannot be read: {reason}", cure="Remove it: the run is scored again.")
        raise TrainError(fault) from error


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def write_result(folder: Path, values: dict[str, Any]) -> RunResult:
    """Writes result.json atomically; a run with this file is done."""
    values = {"unetkit": __version__} | values
    write_whole(folder / "result.json", _json(values))
    return RunResult(folder, values)


def write_timing(folder: Path, seconds: float, steps: int, threads: int, machine: Machine) -> None:
    """Writes timing.json, which depends on the machine: seconds, threads, versions, host."""
    values = {
        "seconds": seconds,
        "seconds_per_step": seconds / max(1, steps),
        "threads": threads,
        "device": machine.accelerator,
        "host": socket.gethostname(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }
    write_whole(folder / "timing.json", _json(values))


def _json(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=1) + "\n").encode()


def write_log(
    folder: Path,
    loss: Sequence[Sequence[float]],
    rates: Sequence[Sequence[float]],
    validation: Sequence[Sequence[float]],
) -> None:
    """Writes log.csv: a row for each step with a loss, a learning rate or a validation score."""
    columns = {"loss": loss, "learning_rate": rates, "validation_dice": validation}
    rows: dict[int, dict[str, float]] = {}
    for name, points in columns.items():
        for step, value in points:
            rows.setdefault(int(step), {})[name] = value
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *columns])
    writer.writerows([step, *(values.get(name, "") for name in columns)] for step, values in sorted(rows.items()))
    write_whole(folder / "log.csv", text.getvalue().encode())
