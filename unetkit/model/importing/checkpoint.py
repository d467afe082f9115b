"""Checkpoints of other programs: a state dict in safetensors or a file of torch.save, whose code is not executed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from unetkit.model.importing.inert import Inert, asked_for, inert, is_suspicious, weights_of
from unetkit.model.importing.kinds import fault, kind_of, unreadable
from unetkit.wording import listed

KEYS = ("state_dict", "model_state_dict", "model", "network_weights", "network", "net", "weights")
"""Common keys of the weights: of Lightning, torch's own examples, nnU-Net, MONAI."""
_STATES = ("optim", "scheduler", "lr_sched", "scaler", "grad_scaler")
"""Prefixes of keys whose tensors are no network weights."""
DEEPEST, MOST_NAMES, SHOWN = 4, 1000, 8


class Checkpoint(NamedTuple):
    """The tensors of a file by name, in its order. `key` is where the file has them; empty at its top level.

    `others` are the keys of further weights in the file.
    """

    file: Path
    key: str
    tensors: dict[str, Tensor]
    others: tuple[str, ...] = ()


def read_checkpoint(file: Path, key: str | None = None) -> Checkpoint:
    """The weights in a file; raises ImportWeightsError if it has none, or if reading them would execute code.

    `key` is their place in the file, such as `params` or `ema.model`; without it, a common key or the only weights.
    """
    values: Any = _read_safetensors(file) if kind_of(file) == "safetensors" else _read_pickled(file)
    found = dict(nested(values))
    if key is not None and key not in found:
        raise fault("weights-missing", f"{file} has no weights under {key!r}", f"There are: {_keys_text(found)}.")
    name = key if key is not None else chosen(file, found)
    return Checkpoint(file, name, found[name], tuple(other for other in found if other != name))


def chosen(file: Path, found: Mapping[str, dict[str, Tensor]]) -> str:
    """The key of the weights in a file; raises ImportWeightsError if there are none or several."""
    known = [key for key in KEYS if key in found] or [""] * ("" in found) or list(found)
    if not known:
        raise fault("weights-missing", f"{file} has no weights", "Give a file with the state dict of a network.")
    if len(known) > 1:
        message = f"{file} has weights under {' and '.join(known[:SHOWN])}"
        raise fault("weights-several", message, f"Choose by --key {known[0]}.")
    return known[0]


def _keys_text(found: Mapping[str, object]) -> str:
    """The first few keys as text."""
    names = [key or "(none: the file is the state dict)" for key in found]
    return listed(names, SHOWN) if names else "none"


def _read_safetensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, sorted by name: the file does not keep their order."""
    try:
        return dict(sorted(load_file(file).items(), key=lambda item: _natural(item[0])))
    except Exception as error:  # whatever a reader raises is a fault of the file
        raise unreadable(file, first(error)) from error


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """A sort key by which numbers in names sort as numbers.

    >>> sorted(["a.10", "a.9", "a.b"], key=_natural)
    ['a.9', 'a.10', 'a.b']
    """
    parts = re.split(r"(\d+)", name)
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part]


def _read_pickled(file: Path) -> Any:
    """The content of a file of torch.save: tensors, plain values, and an inert object for everything else."""
    allowed = {name: inert(name) for name in _safe_names(file)}
    for _ in range(MOST_NAMES):
        try:
            with safe_globals([(kind, name) for name, kind in allowed.items()]), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of formats that are new to torch: what it cannot read is an error
                return torch.load(file, map_location="cpu", weights_only=True)
        except UnpicklingError as error:
            name = asked_for(error)
            if name is None or name in allowed:
                raise untrusted(file, "objects that torch does not read without executing them", error) from error
            if is_suspicious(name):
                raise untrusted(file, name, error) from error
            allowed[name] = inert(name)
        except Exception as error:  # whatever a reader raises is a fault of the file
            raise unreadable(file, f"it is no file of torch.save, or damaged: {first(error)}") from error
    raise unreadable(file, f"it asks for more than {MOST_NAMES} kinds of objects")


def _safe_names(file: Path) -> Iterator[str]:
    """Yields the class names in a file that are read as inert objects; none if only reading the file shows them."""
    try:
        names = get_unsafe_globals_in_checkpoint(str(file))
    except Exception:  # noqa: BLE001 - an old or a damaged file, of which reading it says more
        return
    yield from (name for name in sorted(names)[:MOST_NAMES] if not is_suspicious(name))


def untrusted(file: Path, what: str, error: UnpicklingError) -> Exception:
    """The error for a file that cannot be read without executing code, or that is damaged."""
    if "operand" in str(error):
        cure = "Load it yourself, and save its state dict by torch.save(…, pickle_protocol=2), or as .safetensors."
        return unreadable(
            file, "it is damaged, or pickled in a way that torch does not read without executing it", cure
        )
    if "lobal" not in str(error) and "GLOBAL" not in str(error) and "reduce" not in str(error):
        return unreadable(file, "it is no file of torch.save, or damaged")
    message = f"{file} holds {what}, and reading that could execute arbitrary code"
    cure = "Where you trust it, load it yourself and save its state dict alone, best as .safetensors."
    return fault("weights-untrusted", message, cure)


def first(error: BaseException) -> str:
    """The first line of an error message."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def nested(values: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yields the weights in a checkpoint with their key; those at the top level have an empty key."""
    own = _tensors_of(values)
    if own:
        yield path, own
    if isinstance(values, Mapping) and depth < DEEPEST:
        for name, inner in values.items():
            if isinstance(name, str) and not name.lower().startswith(_STATES):
                yield from nested(inner, f"{path}.{name}" if path else name, depth + 1)


def _tensors_of(values: Any) -> dict[str, Tensor]:
    """The tensors of a state dict, or of a whole model, by name."""
    if isinstance(values, Inert):
        return dict(weights_of(values))
    if not isinstance(values, Mapping):
        return {}
    return {name: value for name, value in values.items() if isinstance(name, str) and isinstance(value, Tensor)}
