"""The weights of a checkpoint as tensors. Nothing in the file is executed, and torch.load is not used."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from unetkit.checkpoint import StateDict, TensorRecord, open_state_dict
from unetkit.checkpoint.archive import Archive
from unetkit.checkpoint.faults import Budget, refused_file, unreadable
from unetkit.checkpoint.formats import format_of


class Checkpoint(NamedTuple):
    """The tensors of a file by name, in its order. `key` is where the file has them; empty at its top level.

    `others` are the keys of further weights in the file.
    """

    file: Path
    key: str
    tensors: dict[str, Tensor]
    others: tuple[str, ...] = ()


def read_checkpoint(file: Path, key: str | None = None) -> Checkpoint:
    """The weights in a file; raises ImportWeightsError if it has none, or is damaged or hostile.

    `key` is their place in the file, such as `params` or `ema.model`; without it, a common key or the only weights.
    """
    found = open_state_dict(file, key)
    return Checkpoint(file, found.key, load_tensors(found), found.others)


def load_tensors(found: StateDict) -> dict[str, Tensor]:
    """The tensors of a state dict; those that share a storage in the file share memory."""
    if format_of(found.file) == "safetensors":
        try:
            tensors = load_file(found.file)
            return {name: tensors[name] for name in found.tensors}
        except Exception as error:  # whatever the library raises is a fault of the file
            raise unreadable(found.file, str(error).strip().partition("\n")[0]) from error
    buffers: dict[str, Tensor] = {}
    with refused_file(found.file), found.file.open("rb") as opened:
        archive = Archive(opened, Budget(found.file.stat().st_size))
        for storage in {record.storage.member: record.storage for record in found.tensors.values()}.values():
            buffers[storage.member] = torch.empty(storage.size, dtype=torch.uint8)
            archive.read_into(storage.member, buffers[storage.member].numpy().data)
    return {name: _tensor(record, buffers[record.storage.member]) for name, record in found.tensors.items()}


def _tensor(record: TensorRecord, buffer: Tensor) -> Tensor:
    """A view of a buffer of bytes; its bounds were checked when the record was read."""
    dtype: torch.dtype = getattr(torch, record.dtype)
    if 0 in record.shape:
        return torch.empty(record.shape, dtype=dtype)
    if dtype == torch.bool:
        buffer.ne_(0)  # any other byte would be no bool
    return buffer.view(dtype).as_strided(record.shape, record.strides, record.offset)
