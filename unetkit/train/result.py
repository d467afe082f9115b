"""What a run leaves behind: its result, which is the same wherever it ran, and apart from it how long it took."""

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
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from unetkit import __version__
from unetkit.errors import Fault
from unetkit.train.errors import TrainError
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from unetkit.train.options import Machine

PACKAGES = ("torch", "lightning", "torchmetrics", "numpy")


@dataclass(frozen=True)
class RunResult:
    """The result of a run: the folder that holds everything, and the values of its result.json."""

    folder: Path
    values: dict[str, Any]

    @property
    def steps(self) -> int:
        """The steps that were made."""
        return int(self.values["steps"])

    def means(self, metric: str = "dice") -> dict[str, float]:
        """Returns by class the mean of a metric over the images that have a value."""
        found: dict[str, list[float]] = {name: [] for name in self.values["classes"]}
        for row in self.values["scores"]["images"]:
            if row[metric] is not None:
                found[row["class"]].append(row[metric])
        return {name: sum(values) / len(values) if values else float("nan") for name, values in found.items()}


def read_result(folder: Path) -> RunResult | None:
    """Returns the result in a folder; None where there is none. Raises TrainError where it is damaged."""
    file = folder / "result.json"
    if not file.exists():
        return None
    try:
        text = file.read_bytes()
        KeptResult.model_validate_json(text)
        return RunResult(folder, json.loads(text))
    except (OSError, ValueError, RecursionError) as error:
        reason = told(error) if isinstance(error, ValidationError) else error
        cure = "Remove it: the run is then measured again."
        raise TrainError(Fault("result-damaged", f"{file} cannot be read: {reason}", cure=cure)) from error


class KeptScores(BaseModel):
    """The scores in a result: a map for each image and class, with a value for each metric."""

    images: tuple[dict[str, str | float | None], ...]


class KeptResult(BaseModel):
    """What is read back of a result."""

    model_config = ConfigDict(strict=True, extra="ignore")

    steps: Annotated[int, Field(ge=0, lt=2**63)]
    classes: tuple[str, ...]
    scores: KeptScores


def told(error: ValidationError) -> str:
    """Returns the first thing that is wrong in a result."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def write_result(folder: Path, values: dict[str, Any]) -> RunResult:
    """Writes the result, whole or not at all: where it is, the run is done."""
    whole = {"unetkit": __version__} | values
    write_whole(folder / "result.json", (json.dumps(whole, indent=1) + "\n").encode())
    return RunResult(folder, whole)


def timing(seconds: float, steps: int, threads: int, machine: Machine) -> bytes:
    """Returns what depends on the machine: seconds, threads, versions, host."""
    values = {
        "seconds": seconds,
        "seconds_per_step": seconds / max(1, steps),
        "threads": threads,
        "device": machine.accelerator,
        "host": socket.gethostname(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }
    return (json.dumps(values, indent=1) + "\n").encode()


def write_log(
    folder: Path,
    loss: Sequence[Sequence[float]],
    rates: Sequence[Sequence[float]],
    validation: Sequence[Sequence[float]],
) -> None:
    """Writes log.csv: a row for each step that has a loss, a learning rate or a validation."""
    rows: dict[int, dict[str, float]] = {}
    for name, points in (("loss", loss), ("learning_rate", rates), ("validation_dice", validation)):
        for step, value in points:
            rows.setdefault(int(step), {})[name] = value
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", "loss", "learning_rate", "validation_dice"])
    for step, values in sorted(rows.items()):
        writer.writerow([step, *(values.get(name, "") for name in ("loss", "learning_rate", "validation_dice"))])
    write_whole(folder / "log.csv", text.getvalue().encode())
