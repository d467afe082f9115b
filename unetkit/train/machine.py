"""The machine that a run trains on, and the error of a training."""

from __future__ import annotations

from dataclasses import dataclass

from unetkit.errors import UnetkitError


class TrainError(UnetkitError):
    """The images, the network and the settings of a run are incompatible, or the training cannot continue."""


@dataclass(frozen=True)
class Machine:
    """Accelerator, devices, strategy and nodes, as for Lightning's Trainer. They are not part of the run.

    `threads`: CPU threads of this process, by default torch's own number. A resumed run keeps the number it started
    with.
    """

    accelerator: str = "auto"
    devices: str | int = 1
    strategy: str = "auto"
    nodes: int = 1
    threads: int | None = None
