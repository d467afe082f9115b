"""Weights as others keep them: a state dict in .pt, .pth, .ckpt or .safetensors, read without executing anything."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from unetkit.errors import Fault, UnetkitError

PICKLED = (".pt", ".pth", ".ckpt", ".bin")
"""Files of torch.save."""

KEYS = ("state_dict", "model_state_dict", "model", "network_weights", "network", "net", "weights")
"""Under what checkpoints keep their weights: Lightning, torch's own examples, nnU-Net, MONAI."""


class ImportWeightsError(UnetkitError):
    """Weights cannot be read, or do not belong to the network."""


class Checkpoint(NamedTuple):
    """The tensors of a file by name, in its order, and under which `key` they were kept (empty: under none)."""

    file: Path
    key: str
    tensors: dict[str, Tensor]


def read_checkpoint(file: Path, key: str | None = None) -> Checkpoint:
    """Returns the weights in a file; raises ImportWeightsError where it has none, or none without executing code."""
    if file.suffix == ".safetensors":
        values: Any = read_safetensors(file)
    elif file.suffix in PICKLED:
        values = read_pickled(file)
    else:
        known = ", ".join((*PICKLED, ".safetensors"))
        raise fault("weights-format", f"{file} is no file of weights by its name", f"Read are: {known}.")
    found = {name: inner for name, inner in nested(values).items() if key is None or name == key}
    if not found:
        there = ", ".join(nested(values)) or "none"
        wanted = "weights" if key is None else f"weights under {key!r}"
        raise fault("weights-missing", f"{file} has no {wanted}", f"There are: {there}.")
    if len(found) > 1:
        message = f"{file} has weights under {' and '.join(found)}"
        raise fault("weights-several", message, f"Choose by --key {next(iter(found))}.")
    name, tensors = next(iter(found.items()))
    return Checkpoint(file, name, tensors)


def read_safetensors(file: Path) -> dict[str, Tensor]:
    """Returns the tensors of a safetensors file, by name: it does not keep the order in which they were registered."""
    try:
        return dict(sorted(load_file(file).items(), key=lambda item: natural(item[0])))
    except (OSError, SafetensorError) as error:
        raise fault("weights-unreadable", f"{file} cannot be read: {error}") from error


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Returns what names are sorted by so that numbers in them count as numbers.

    >>> sorted(["a.10", "a.9", "a.b"], key=natural)
    ['a.9', 'a.10', 'a.b']
    """
    parts = re.split(r"(\d+)", name)
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part]


def read_pickled(file: Path) -> Any:
    """Returns what a file of torch.save holds; only tensors and plain values are let through."""
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "GLOBAL" not in str(error) and "global" not in str(error):
            raise fault("weights-unreadable", f"{file} is no file of torch.save, or damaged") from error
        message = f"{file} holds more than weights, and to read the rest would execute what its author wanted"
        cure = "Where you trust it, load it yourself and save its state dict alone, best as .safetensors."
        raise fault("weights-untrusted", message, cure) from error
    except (OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise fault("weights-unreadable", f"{file} cannot be read: {reason}") from error


def nested(values: Any) -> dict[str, dict[str, Tensor]]:
    """Returns the dicts of tensors in a checkpoint, by the key that they stand under; its own tensors under none."""
    if not isinstance(values, Mapping):
        return {}
    own = tensors_of(values)
    if own:
        return {"": own}
    return {key: found for key in KEYS if isinstance(values.get(key), Mapping) and (found := tensors_of(values[key]))}


def tensors_of(values: Mapping[Any, Any]) -> dict[str, Tensor]:
    """Returns the tensors among the values, by name."""
    return {str(name): value for name, value in values.items() if isinstance(value, Tensor)}


def fault(code: str, message: str, cure: str = "", lines: Sequence[str] = ()) -> ImportWeightsError:
    """Returns an error of one fault."""
    return ImportWeightsError(Fault(code, message, cure=cure, lines=tuple(lines)))
