"""The weights that a training begins with: those of a model file, as far as they fit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from unetkit.errors import Fault, FileError
from unetkit.model import read_header
from unetkit.model.weights import misfits
from unetkit.train.errors import TrainError
from unetkit.train.runspec import RunSpec

IMPORT = "Weights of another program: unetkit import-weights makes a model file of them."


@dataclass(frozen=True)
class Beginning:
    """What was taken from a file of weights: how many, and, with the reason, which were not."""

    file: str
    sha256: str
    taken: int
    left_out: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Returns it as values that JSON has."""
        return asdict(self) | {"left_out": list(self.left_out)}

    def lines(self) -> tuple[str, ...]:
        """Returns what is said of it before the first step."""
        head = f"weights of {self.file}: {self.taken} taken, {len(self.left_out)} not"
        return (head, *(f"  {one}" for one in self.left_out))


def begin(model: nn.Module, run: RunSpec) -> Beginning | None:
    """Puts the weights of the run's file into a network, and returns which; None where the run names no file.

    Raises TrainError, with all that does not fit, unless the run says that a part suffices.
    """
    training = run.training
    if training.weights is None:
        return None
    file = Path(training.weights)
    weights = read_weights(file)
    found = misfits(model, weights)
    state = model.state_dict()
    fitting = [name for name in state if name not in {one.name for one in found}]
    if found and (not training.partial or not fitting):
        message = f"{len(found)} of the weights of {file} and {run.spec.name} do not fit each other:"
        cure = "training.partial: true takes the others." if fitting else "None fits: give weights of this network."
        fault = Fault("weights-shape", message, "training.weights", cure, lines=tuple(map(str, found)))
        raise TrainError(fault)
    with torch.no_grad():
        for name in fitting:
            state[name].copy_(weights[name])
    return Beginning(str(file), training.weights_sha256 or "", len(fitting), tuple(map(str, found)))


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Returns the weights in a model file by name; raises TrainError where it is none."""
    try:
        read_header(file)
        return load_file(file)
    except (FileError, SafetensorError, OSError) as error:
        reason = error.faults[0].message if isinstance(error, FileError) else f"{file} cannot be read: {error}"
        raise TrainError(Fault("weights-foreign", reason, "training.weights", IMPORT)) from error
