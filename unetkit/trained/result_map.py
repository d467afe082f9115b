"""What is written for an image: one map for each output of a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unetkit.data.files.grouping import FileGroup, name_of_result
from unetkit.data.preprocessing.signature import Signature
from unetkit.data.targets import TargetKind
from unetkit.imagefiles.file_formats import number_type
from unetkit.model.interface import last_activation, threshold
from unetkit.planning import Plan


@dataclass(frozen=True)
class ResultMap:
    """The map of one output: class numbers, probabilities, regions as 0 and 1, or numbers.

    `folder` is its folder within that of the results, "" where there is one output. `first` and `count` are its
    channels among those of all outputs.
    """

    folder: str
    first: int
    count: int
    kind: TargetKind
    activation: str
    threshold: float
    probabilities: bool

    @property
    def channels(self) -> int | None:
        """The channels of the file; None for one number per sample."""
        return None if self.kind == "classes" and not self.probabilities else self.count

    @property
    def dtype(self) -> Any:
        """The number type of the file."""
        if self.kind == "values" or self.probabilities:
            return np.float32
        return number_type(max(2, self.count) if self.kind == "classes" else 2)

    def path(self, group: FileGroup, folder: Path) -> Path:
        """The file for an image; raises FileError for an unknown format."""
        return folder / self.folder / name_of_result(group, probabilities=self.channels is not None)

    def block(self, channels: Tensor) -> NDArray[Any]:
        """What is written for a part of an image, from the channels of all outputs."""
        block = channels[self.first : self.first + self.count]
        if self.kind == "values":
            return block.float().numpy()
        if self.probabilities:
            return self._probabilities(block).numpy()
        if self.kind == "regions":
            return (block > self.threshold).numpy().astype(self.dtype)
        classes = (
            block.max(0).indices if self.count > 1 else block[0] > self.threshold
        )  # argmax takes ten times as long
        return classes.numpy().astype(self.dtype)

    def _probabilities(self, block: Tensor) -> Tensor:
        """The probabilities; unchanged if the output ends with an activation."""
        if self.activation:
            return block
        return torch.softmax(block, 0) if self.kind == "classes" and self.count > 1 else torch.sigmoid(block)


def result_maps(plan: Plan, signature: Signature, *, probabilities: bool) -> tuple[ResultMap, ...]:
    """The maps of all outputs of a network."""
    kinds: dict[str, TargetKind] = {output.name: output.kind for output in signature.outputs}
    maps, first = [], 0
    for name, count in plan.output_channels.items():
        folder = name if len(plan.outputs) > 1 else ""
        activation, limit = last_activation(plan, name), threshold(plan, name)
        maps.append(ResultMap(folder, first, count, kinds.get(name, "classes"), activation, limit, probabilities))
        first += count
    return tuple(maps)
