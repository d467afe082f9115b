"""Prediction with 8-bit integers: the network is quantised on the images that are predicted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unetkit.backends import optimize
from unetkit.data.files.grouping import FileGroup
from unetkit.errors import UnetkitError
from unetkit.planning import natural_size
from unetkit.tiling import Runner, ready
from unetkit.tiling.running import TorchRunner
from unetkit.trained.predictor import FilePredictor

_IMAGES = 8


@contextmanager
def calibrated(predictor: FilePredictor, groups: Sequence[FileGroup]) -> Iterator[FilePredictor]:
    """The predictor with a network of 8-bit integers, calibrated on the first images; the same if it is no quicker."""
    runner = predictor.runner
    assert isinstance(runner, TorchRunner), "exported models refuse int8"
    images = _inputs(predictor, groups[:_IMAGES])
    network = optimize(runner.model, dtype="int8", backend=predictor.options.backend, images=images)
    with ready(network, device=runner.device) as quick:
        yield replace(predictor, runner=quick)


class _Recorder:
    """In place of a network: keeps one input of each image, and gives zeros."""

    background: float | tuple[float, ...] = 0.0
    seconds = 0.0

    def __init__(self, runner: Runner) -> None:
        self.plan, self.device = runner.plan, runner.device
        self.inputs: list[NDArray[Any]] = []

    def condition(self, vectors: Mapping[str, Any]) -> None:
        """Vectors do not matter."""

    def __call__(self, image: Tensor) -> Tensor:
        self.inputs.append(image.float().numpy())
        return torch.zeros(sum(self.plan.output_channels.values()), *self.plan.output_size(tuple(image.shape[1:])))


def _inputs(predictor: FilePredictor, groups: Sequence[FileGroup]) -> list[NDArray[Any]]:
    """What the network would be given for some images; files that cannot be read are reported when predicted."""
    recorder = _Recorder(predictor.runner)
    tile = max(natural_size(recorder.plan))
    trial = replace(predictor, runner=recorder, options=replace(predictor.options, tile=tile))
    found = []
    with TemporaryDirectory() as folder:
        for group in groups:
            with suppress(UnetkitError):
                trial.predict_file(group, Path(folder))
            found += _middle(recorder.inputs)
            recorder.inputs.clear()
    return found


def _middle(inputs: list[NDArray[Any]]) -> list[NDArray[np.float32]]:
    """The tile in the middle of an image, if there is one."""
    return inputs[len(inputs) // 2 :][:1]
