"""Runners of exported models, called tile by tile like networks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unetkit.errors import Fault, FileError
from unetkit.export.checksum import verify_onnx, verify_sums
from unetkit.export.content import Content
from unetkit.export.formats import ExportError, Run
from unetkit.export.onnxfile import open_onnx
from unetkit.export.openvinofile import NAMES, open_openvino
from unetkit.export.sizes import restricted
from unetkit.host.allocator import kept_memory
from unetkit.tiling.running import input_vectors


def is_exported(path: Path) -> bool:
    """Whether a path looks like an exported model."""
    return path.suffix in (".onnx", ".pt2") or path.name in NAMES or (path / NAMES[0]).is_file()


class FileRunner:
    """Runs an exported model on one tile after another; `seconds` is the total time."""

    def __init__(self, content: Content, run: Run) -> None:
        self.content = content
        self.plan = restricted(content.plan, content.sizes)
        self.device = torch.device("cpu")
        self.background: float | tuple[float, ...] = content.levels.mean if content.levels else 0.0
        self.seconds = 0.0
        self.run = run
        self.vectors: list[NDArray[np.float32]] = []

    def condition(self, vectors: Mapping[str, Any]) -> None:
        """Sets the vectors, by name; raises InferenceError unless they are those of the network."""
        self.vectors = input_vectors(self.plan, vectors)

    def __call__(self, image: Tensor) -> Tensor:
        """The channels of all outputs, in float32, for an image (in_channels, *spatial)."""
        batch = np.ascontiguousarray(image[None].float().numpy())
        start = time.perf_counter()
        outputs = self.run(batch, *self.vectors)
        output = torch.from_numpy(np.concatenate(outputs, 1) if len(outputs) > 1 else outputs[0])[0]
        self.seconds += time.perf_counter() - start
        return output


@contextmanager
def open_exported(path: Path) -> Iterator[FileRunner]:
    """Opens an exported model; raises FileError where it is damaged, or was not written by unetkit."""
    if path.suffix == ".pt2":
        message = f"{path} is a torch program, and loading it may execute arbitrary code"
        cure = "Load it with torch.export.load if you trust its author, or export to onnx or openvino."
        raise ExportError(Fault("untrusted", message, cure=cure))
    folder = path.parent if path.name in NAMES else path
    try:
        verify_onnx(path) if path.suffix == ".onnx" else verify_sums(folder, NAMES)
        metadata, run = open_onnx(path) if path.suffix == ".onnx" else open_openvino(folder)
    except (OSError, ValueError) as error:
        raise FileError(Fault("model-unreadable", f"{path} cannot be read: {error}")) from error
    with kept_memory():
        yield FileRunner(Content.read(metadata, path), run)
