"""Checkpoints: files of Lightning's, written whole or not at all, and read without running anything in them."""

from __future__ import annotations

import pickle
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from unetkit.errors import Fault
from unetkit.train.errors import TrainError
from unetkit.train.loop.watch import STATE as LOG
from unetkit.writing import write_whole


class WholeFiles(TorchCheckpointIO):
    """Lightning's way to files, by which a checkpoint appears whole: its own leaves half of one on a full disk."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | PathLike[str], storage_options: Any = None
    ) -> None:
        """Writes a checkpoint; raises FileError, and leaves what was there, where it cannot."""
        content = BytesIO()
        torch.save(checkpoint, content)
        write_whole(Path(path), content.getvalue())


def read_checkpoint(file: Path) -> dict[str, Any] | None:
    """Returns what a checkpoint holds, tensors and plain values; None where there is none.

    Raises TrainError where it cannot be read.
    """
    if not file.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
        state["data"], state["threads"], state["global_step"], state["callbacks"][LOG]["finished"]
        return state
    except (OSError, RuntimeError, ValueError, EOFError, LookupError, TypeError, pickle.UnpicklingError) as error:
        cure = "Remove it: the run then begins anew."
        raise TrainError(Fault("checkpoint-damaged", f"{file} is no checkpoint of a run", cure=cure)) from error
