"""Mutated checkpoints, read as `import-weights` reads them: read right, or refused with one message."""

from __future__ import annotations

import argparse
import gc
import io
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.fuzz import pickles
from tests.fuzz.command import Answer, limited
from tests.fuzz.kind import Kind
from tests.fuzz.mutation import bytes_changed
from unetkit.checkpoint import ImportWeightsError
from unetkit.model.importing import read_checkpoint

FILE = "weights.pt"
_WAYS = ("bytes", "truncated", "header", "archive", "opcodes", "opcodes", "opcodes", "opcodes")
"""How a file is changed; opcodes most often, since checksums find most of the others."""
_ORACLE = 0.02
"""The share of files that were read, with right checksums, which are compared with what torch reads."""


def seeds() -> dict[str, Any]:
    """Returns what the checkpoints hold."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    state = model.state_dict()
    values = {"plans": {"fold": 0}, "args": argparse.Namespace(lr=np.float64(0.1)), "device": torch.device("cpu")}
    return {
        "state": dict(state),
        "lightning": {"epoch": 3, "state_dict": state, "optimizer_states": [{"state": {0: {"step": torch.ones(())}}}]},
        "nnunet": {"network_weights": state, "logging": {"dice": [np.float64(0.5)]}, "init_args": values},
        "whole": nn.DataParallel(nn.Conv1d(1, 2, 1)),
        "views": {"a": base, "b": base[1], "c": base.permute(2, 0, 1), "d": base[::2, ::3], "e": base.T[0]}
        | {"f": torch.ones(1).expand(3, 4), "g": torch.zeros(0, 3), "h": torch.tensor(True)},
        "dtypes": {name: torch.zeros(4, dtype=torch.uint8).view(getattr(torch, name))
                   for name in ("float8_e5m2", "bfloat16", "uint16", "int8", "float16")},
        "typed": {"a": nn.Parameter(base), "b": base.to_sparse()},
        "nothing": {},
    }  # fmt: skip


class Checkpoints(Kind):
    """Small files of torch.save, changed in their bytes, their zip records, their members, and their opcodes."""

    def prepare(self) -> None:
        self.wholes: list[bytes] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, value in enumerate(seeds().values()):
                file = io.BytesIO()
                torch.save(value, file, pickle_protocol=(2, 2, 4, 2, 5, 2, 2, 3)[number])
                self.wholes.append(file.getvalue())
        self.members = [pickles.members_of(whole) for whole in self.wholes]
        self.pickles = [pickles.operations(members[f"archive{pickles.PICKLE}"]) for members in self.members]
        self.pool = sorted({operation for pickle in self.pickles for operation in pickle})
        (self.folder / FILE).write_bytes(self.wholes[0])
        self.tried(Path(FILE), Random(0), "warm")
        gc.collect()

    def case(self, random: Random) -> Iterator[Answer]:
        way = "bomb" if random.random() < 0.02 else random.choice(_WAYS)
        (self.folder / FILE).write_bytes(self.changed(way, random))
        yield self.tried(self.folder / FILE, random, way)

    def changed(self, way: str, random: Random) -> bytes:
        """Returns another file."""
        number = random.randrange(len(self.wholes))
        whole, members = self.wholes[number], self.members[number]
        match way:
            case "bytes":
                return bytes_changed(whole, random)
            case "truncated":
                return whole[: random.randrange(len(whole))]
            case "header":
                return pickles.header_changed(whole, random)
            case "archive":
                return pickles.archive_changed(members, random)
            case "bomb":
                pickle = pickles.bomb(random)
            case _:
                pickle = pickles.operations_changed(self.pickles[number], random, self.pool)
        return pickles.archived(members | {f"archive{pickles.PICKLE}": pickle})

    def tried(self, file: Path, random: Random, way: str) -> Answer:
        """Reads a file as the command does, and looks at each number."""
        command, start = ("read", way), time.process_time()
        code, said, trace = 0, "", ""
        try:
            with limited():
                tensors = read_checkpoint(file).tensors
                for tensor in tensors.values():
                    tensor.sum() if tensor.dtype == torch.float32 else tensor.clone()
                if way in ("opcodes", "archive") and random.random() < _ORACLE:
                    compare(file, tensors)
        except ImportWeightsError as error:
            code, said = 1, str(error)
        except BaseException:  # noqa: BLE001 - whatever the reader lets out is what is looked for
            code, trace = 3, traceback.format_exc()
        return Answer(command, code, "", said, time.process_time() - start, trace)


def compare(file: Path, tensors: dict[str, Tensor]) -> None:
    """Holds tensors against those of torch, where it finds tensors at the top of the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = torch.load(file, weights_only=True)
    except Exception:  # noqa: BLE001 - torch refuses more than the reader, such as objects of other programs
        return
    items = values.items() if isinstance(values, dict) else ()
    found = {name: value for name, value in items if isinstance(value, Tensor)}
    if found.keys() == tensors.keys():
        for name, value in found.items():
            same = torch.equal(value.float().nan_to_num(0.5), tensors[name].float().nan_to_num(0.5))
            assert same and value.dtype == tensors[name].dtype, name
