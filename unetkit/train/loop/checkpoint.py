"""Checkpoints: Lightning's files, written atomically and read without executing anything in them."""

from __future__ import annotations

import pickle
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from unetkit.errors import Fault
from unetkit.train.loop.log import STATE
from unetkit.train.machine import TrainError
from unetkit.writing import write_whole

_KEYS = ("data", "threads", "global_step", "state_dict", "callbacks")


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint completely or not at all; Lightning itself leaves half of one on a full disk."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | PathLike[str], storage_options: Any = None
    ) -> None:
        """Writes a checkpoint. On failure it raises FileError and keeps the previous one."""
        content = BytesIO()
        torch.save(checkpoint, content)
        write_whole(Path(path), content.getvalue())


def read_checkpoint(file: Path) -> dict[str, Any] | None:
    """The tensors and plain values of a checkpoint; None where there is no file. Raises TrainError if unreadable."""
    if not file.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
        return {key: state[key] for key in _KEYS} | {"finished": state["callbacks"][STATE]["finished"]}
    except (OSError, RuntimeError, ValueError, EOFError, LookupError, TypeError, pickle.UnpicklingError) as error:
        message = f"{file} is not a checkpoint of a run"
        raise TrainError(Fault("checkpoint-damaged", message, cure="Remove it: the run then starts again.")) from error
