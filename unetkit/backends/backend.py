"""What a backend is: it makes, of a network, a module that computes the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unetkit.planning import Plan
from unetkit.planning.spatial_graph import Size

NUMBER_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""The number types in which torch computes."""


@dataclass(frozen=True)
class Request:
    """A network for inference, the size of its images, and how they are computed."""

    model: nn.Module
    plan: Plan
    size: Size
    dtype: str
    passes: tuple[str, ...]
    images: Sequence[NDArray[Any]]
    """Images (in_channels, *spatial) by which int8 is calibrated."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next((weight.device for weight in self.model.parameters()), torch.device("cpu"))

    def example(self) -> list[Tensor]:
        """Noise of the size, and vectors."""
        generator = torch.Generator().manual_seed(0)
        image = torch.randn(1, self.plan.spec.in_channels, *self.size, generator=generator)
        vectors = [torch.randn(1, count, generator=generator) for count in self.plan.vectors.values()]
        return [one.to(self.device) for one in (image, *vectors)]


class Backend(Protocol):
    """A way to run a network."""

    name: str

    def obstacle(self, request: Request) -> str:
        """Why it cannot do what is requested; empty where it can."""

    def slow_to_make(self, request: Request) -> bool:
        """Whether it takes so long to prepare that it is used only where it is asked for."""

    def make(self, request: Request) -> nn.Module:
        """A module that takes and gives what the network does; raises UnetkitError where that fails."""
