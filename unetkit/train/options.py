"""Where a run trains, which is no part of the run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """Accelerator, devices, strategy and nodes, as Lightning's Trainer takes them.

    `threads`: of this process; torch's own number unless given. A run that goes on takes the number it began with.
    """

    accelerator: str = "auto"
    devices: str | int = 1
    strategy: str = "auto"
    nodes: int = 1
    threads: int | None = None
