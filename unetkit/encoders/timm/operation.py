"""A stage of a model of timm as one operation of the plan."""

from __future__ import annotations

from dataclasses import replace

from unetkit.operations import Operation
from unetkit.operations.execution import Execution, MapShape
from unetkit.operations.operation import Axes, Layer, facts
from unetkit.wrapping.operation import ModuleOperation


@facts
class StageOperation(ModuleOperation):
    """A stage: some `parts` of a model, `kept` numbers for the backward pass per number of its output."""

    model: str
    in_channels: int
    """Of the image."""
    parts: tuple[str, ...]
    turns: tuple[bool, bool]
    kept: float

    @property
    def title(self) -> str:
        return f"{self.model} {self.parts[0]}{f' to {self.parts[-1]}' if len(self.parts) > 1 else ''}"

    def spatial(self) -> Operation:
        return replace(self, out=1, weights=0, kept=0.0)

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        return int(self.kept * run.bytes(*result))

    def layer(self, inputs: Axes, dims: int) -> Layer:
        arguments = (self.model, self.in_channels, list(self.parts))
        return Layer("TimmStage", arguments, {"turns": self.turns}, "unetkit.encoders.timm.stage")
