"""The weights in a checkpoint: a state dict in safetensors or in a file of torch.save, or those of a whole model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.checkpoint.archive import Archive
from unetkit.checkpoint.faults import CONVERT, Budget, Refused, fault, refused_file, unreadable
from unetkit.checkpoint.formats import format_of
from unetkit.checkpoint.pickled import PickleReader
from unetkit.checkpoint.values import Inert, Storage, TensorRecord, UnsupportedTensor, storage_of
from unetkit.wording import listed

KEYS = ("state_dict", "model_state_dict", "model", "network_weights", "network", "net", "weights")
"""Common keys of the weights: of Lightning, torch's own examples, nnU-Net, MONAI."""
_STATES = ("optim", "scheduler", "lr_sched", "scaler", "grad_scaler")
"""Prefixes of keys whose tensors are no network weights."""
_DEEPEST, _DEEPEST_MODULE, _SHOWN = 4, 100, 8
_VISIT = 200
"""Bytes that a path to a value takes in memory."""

Weights = Mapping[str, TensorRecord | UnsupportedTensor]


class StateDict(NamedTuple):
    """The weights of a file by name, in its order, not loaded yet. `key` is where the file has them; empty at its top.

    `others` are the keys of further weights in the file.
    """

    file: Path
    key: str
    tensors: Mapping[str, TensorRecord]
    others: tuple[str, ...] = ()


def open_state_dict(file: Path, key: str | None = None) -> StateDict:
    """The weights in a file; raises ImportWeightsError if it has none, or is damaged or hostile.

    `key` is their place in the file, such as `params` or `ema.model`; without it, a common key or the only weights.
    """
    with refused_file(file):
        if format_of(file) == "safetensors":
            found: dict[str, Weights] = {"": _read_safetensors(file)}
        else:
            found = _read_saved(file)
    if key is not None and key not in found:
        raise fault("weights-missing", f"{file} has no weights under {key!r}", f"There are: {_keys_text(found)}.")
    name = key if key is not None else _chosen(file, found)
    return StateDict(file, name, _supported(file, found[name]), tuple(other for other in found if other != name))


def _supported(file: Path, weights: Weights) -> dict[str, TensorRecord]:
    """The tensors; raises ImportWeightsError if some of them are of a kind that is not read."""
    tensors = {}
    for name, value in weights.items():
        if isinstance(value, UnsupportedTensor):
            cure = "Load it with the program that wrote it, and save plain tensors: dequantized, dense, cloned."
            raise unreadable(file, f"{name[:100]} is a tensor {value.kind}", cure)
        tensors[name] = value
    return tensors


def _chosen(file: Path, found: Mapping[str, Weights]) -> str:
    """The key of the weights in a file; raises ImportWeightsError if there are none or several."""
    known = [key for key in KEYS if key in found] or [""] * ("" in found) or list(found)
    if not known:
        raise fault("weights-missing", f"{file} has no weights", "Give a file with the state dict of a network.")
    if len(known) > 1:
        message = f"{file} has weights under {' and '.join(known[:_SHOWN])}"
        raise fault("weights-several", message, f"Choose by --key {known[0]}.")
    return known[0]


def _keys_text(found: Mapping[str, object]) -> str:
    """The first few keys as text."""
    names = [key or "(none: the file is the state dict)" for key in found]
    return listed(names, _SHOWN) if names else "none"


def _read_safetensors(file: Path) -> dict[str, TensorRecord]:
    """The tensors of a safetensors file, sorted by name: the file does not keep their order."""
    from safetensors import safe_open

    records: dict[str, TensorRecord] = {}
    try:
        with safe_open(file, framework="numpy") as opened:
            for name in sorted(opened.keys(), key=_natural):
                tensor = opened.get_slice(name)
                shape = tuple(tensor.get_shape())
                records[name] = TensorRecord(tensor.get_dtype(), shape, (), 0, Storage(name, "", 0))
    except Exception as error:  # whatever the library raises is a fault of the file
        raise Refused(str(error).strip().partition("\n")[0] or type(error).__name__) from error
    return records


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """A sort key by which numbers in names sort as numbers.

    >>> sorted(["a.10", "a.9", "a.b"], key=_natural)
    ['a.9', 'a.10', 'a.b']
    """
    parts = re.split(r"(\d{1,9})", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part]


def _read_saved(file: Path) -> dict[str, Weights]:
    """All weights in a file of torch.save by their keys."""
    with file.open("rb") as opened:
        size = file.stat().st_size
        budget = Budget(size)
        archive = Archive(opened, budget)
        prefix = archive_prefix(archive)
        sizes = {name: member.size for name, member in archive.members.items()}
        content = archive.read(f"{prefix}data.pkl")
        values = PickleReader(content, lambda one: storage_of(one, sizes, prefix), budget, size).read()
    return _Search(budget).weights_by_key(values)


def archive_prefix(archive: Archive) -> str:
    """The folder in the archive of torch.save. Raises Refused for other archives."""
    names = [name for name in archive.members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(names) != 1:
        raise Refused("it is a zip archive, but not one of torch.save", CONVERT)
    prefix = names[0].removesuffix("data.pkl")
    if f"{prefix}constants.pkl" in archive.members:
        raise Refused(
            "it is a TorchScript program", "Load it by torch.jit.load, and save its state_dict() by torch.save."
        )
    order = f"{prefix}byteorder"
    if order in archive.members and (archive.members[order].size > 6 or archive.read(order) != b"little"):
        raise Refused("its numbers are of another byte order, big-endian", CONVERT)
    return prefix


class _Search:
    """Looks for weights in nested values, in a bounded number of steps."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget

    def weights_by_key(self, values: Any) -> dict[str, Weights]:
        """All weights; those at the top level have an empty key."""
        return {path: weights for path, weights in self._nested(values, "", 0) if weights}

    def _nested(self, values: Any, path: str, depth: int) -> Iterator[tuple[str, Weights]]:
        self.budget.spend(_VISIT + len(path))
        if isinstance(values, Inert) and values.items is None:
            yield path, dict(self._module(values, "", 0))
            return
        items = values.items if isinstance(values, Inert) else values
        if not isinstance(items, dict):
            return
        self.budget.spend(_VISIT * len(items))
        yield path, {name: value for name, value in items.items() if isinstance(name, str) and _is_tensor(value)}
        if depth < _DEEPEST:
            for name, inner in items.items():
                if isinstance(name, str) and not name.lower().startswith(_STATES):
                    yield from self._nested(inner, f"{path}.{name}" if path else name, depth + 1)

    def _module(self, module: Inert, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
        """Yields the names and weights of a whole model, as in its state dict; nothing for other objects."""
        state = module.state or {}
        if depth > _DEEPEST_MODULE:
            raise Refused(f"its modules are nested more than {_DEEPEST_MODULE} times", CONVERT)
        for kind in ("_parameters", "_buffers", "_modules"):
            found = state.get(kind)
            for name, value in found.items() if isinstance(found, dict) else ():
                full = f"{prefix}{name}"
                self.budget.spend(_VISIT + len(full))
                if kind == "_modules" and isinstance(value, Inert):
                    yield from self._module(value, f"{full}.", depth + 1)
                elif kind != "_modules" and _is_tensor(value):
                    yield full, value


def _is_tensor(value: Any) -> bool:
    return isinstance(value, TensorRecord | UnsupportedTensor)
