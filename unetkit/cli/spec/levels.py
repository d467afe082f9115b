"""The blocks of a plan, gathered by level."""

from __future__ import annotations

from typing import Any, NamedTuple

from unetkit.planning import SizedPlan, Step


class LevelSummary(NamedTuple):
    """A level: the blocks on its two sides, and what everything on it costs. The bottleneck has no decoder."""

    level: int
    encoder: Step
    decoder: Step | None
    parameters: int
    macs: int

    def json(self) -> dict[str, Any]:
        """The level as plain values; its channels are the encoder's."""
        return {
            "level": self.level,
            "channels": self.encoder.channels,
            "encoder": side(self.encoder),
            "decoder": self.decoder and side(self.decoder),
            "parameters": self.parameters,
            "macs": self.macs,
        }


def side(step: Step) -> dict[str, Any]:
    """Returns what goes into the block of one side and what comes out."""
    return {
        "channels": step.channels,
        "input_size": list(step.input_size),
        "output_size": list(step.output_size),
    }


def levels(sized: SizedPlan) -> list[LevelSummary]:
    """Returns the levels, full resolution first. The ways that lead to a level count with it, the head with none."""
    found = []
    for level in range(1 + max(step.level for step in sized.steps)):
        steps = [step for step in sized.steps if step.level == level and step.side != "head"]
        blocks = [step for step in steps if step.slot == "block"]
        cost = sum(step.parameters for step in steps), sum(step.macs for step in steps)
        found.append(LevelSummary(level, blocks[0], blocks[1] if len(blocks) > 1 else None, *cost))
    return found
