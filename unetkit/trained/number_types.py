"""What another number type changes in the scores of a network, and what time it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unetkit.backends import Request, optimize
from unetkit.backends.trial import relative_time
from unetkit.data import Pairs
from unetkit.fast import PASSES
from unetkit.model.interface import plan_of
from unetkit.planning import natural_size
from unetkit.trained.modelfile import Trained

_IMAGES = 16
"""Training images on which 8-bit integers are calibrated."""

Means = dict[str, float | None]
"""The mean of each metric over images, then classes; None where it is undefined."""


@dataclass(frozen=True)
class OtherNumbers:
    """The scores of a network in another number type, beside those in float32."""

    asked: str
    """The number type that was asked for, and is used where it is quicker here than float32."""
    reason: str
    """What was chosen, and why."""
    mean: Means
    change: Means
    """The mean less that in float32."""
    time: float
    """The time of a call, as a share of that of the network as it is, in float32."""

    def json(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return {"dtype": self.asked, "chosen": self.reason, "mean": self.mean, "change": self.change, "time": self.time}


def in_other_numbers(
    trained: Trained, dtype: str, backend: str, training: Pairs | None, scores: Callable[[Trained], Means]
) -> OtherNumbers:
    """Compares a network with itself in another number type; int8 is calibrated on training images.

    `scores` gives the means of a network. Raises UnetkitError where the backend cannot run the network so.
    """
    images = [] if training is None else _inputs(trained, training)
    network = optimize(trained.model, dtype=dtype, backend=backend, images=images)
    before, after = (scores(one) for one in (trained, _with(trained, network)))
    change = {
        name: None if value is None or before[name] is None else value - before[name]  # type: ignore[operator]
        for name, value in after.items()
    }
    return OtherNumbers(dtype, network.reason, after, change, _time(network, trained.model))


def _inputs(trained: Trained, training: Pairs) -> list[NDArray[np.float32]]:
    """What the network is given for some training images."""
    preprocessing = trained.preprocessing
    return [preprocessing.image(pair.image, preprocessing.input_size(pair)) for pair in islice(training, _IMAGES)]


def _with(trained: Trained, network: nn.Module) -> Trained:
    """The same with another network."""
    return Trained(network, trained.signature, data=trained.data, training=trained.training)


def _time(network: nn.Module, exact: nn.Module) -> float:
    """The time of a call as a share of that of the network as it is."""
    plan = plan_of(exact).for_inference()
    inputs = Request(exact, plan, natural_size(plan), "fp32", tuple(PASSES), ()).example()
    with torch.inference_mode():
        for one in (network, exact):
            one(*inputs)
    return relative_time(network, exact, inputs)
