"""Initial weights from a model file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from unetkit.errors import Fault, FileError
from unetkit.model import for_inference, read_header
from unetkit.model.weights import misfits
from unetkit.train.machine import TrainError
from unetkit.train.runspec import RunSpec

_IMPORT = "Convert weights of another program with unetkit import-weights."


@dataclass(frozen=True)
class InitialWeights:
    """The number of weights that were loaded from a file, and the others with the reasons."""

    file: str
    sha256: str
    taken: int
    left_out: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self) | {"left_out": list(self.left_out)}

    def lines(self) -> tuple[str, ...]:
        """The message to be printed before the first step."""
        head = f"initial weights from {self.file}: {self.taken} loaded, {len(self.left_out)} not"
        return (head, *(f"  {one}" for one in self.left_out))


def load_initial_weights(model: nn.Module, run: RunSpec) -> InitialWeights | None:
    """Loads the weights of the run's file into a network; None where the run names no file.

    Raises TrainError, with everything that does not fit, unless the run sets `partial`.
    """
    training = run.training
    if training.weights is None:
        return None
    file = Path(training.weights)
    weights = _read_weights(file)
    needed = for_inference(model).state_dict().keys()
    mismatches = [one for one in misfits(model, weights) if one.given or one.name in needed]
    state = model.state_dict()
    fitting = [name for name in state if name in weights and name not in {one.name for one in mismatches}]
    if mismatches and (not training.partial or not fitting):
        message = f"{len(mismatches)} weights of {file} do not fit {run.spec.name}:"
        cure = "Set training.partial=true to load the rest." if fitting else "Give weights of this network: none fit."
        lines = tuple(map(str, mismatches))
        raise TrainError(Fault("weights-shape", message, "training.weights", cure, lines=lines))
    with torch.no_grad():
        for name in fitting:
            state[name].copy_(weights[name])
    return InitialWeights(str(file), training.weights_sha256 or "", len(fitting), tuple(map(str, mismatches)))


def _read_weights(file: Path) -> dict[str, torch.Tensor]:
    """The weights in a model file by name; raises TrainError for any other file."""
    try:
        read_header(file)
        return load_file(file)
    except (FileError, SafetensorError, OSError) as error:
        reason = error.faults[0].message if isinstance(error, FileError) else f"{file} cannot be read: {error}"
        raise TrainError(Fault("weights-foreign", reason, "training.weights", _IMPORT)) from error
