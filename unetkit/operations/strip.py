"""How an operation computes some rows of its output, samples along the first axis, from some rows of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from unetkit.operations.operation import Operation


class Strip(NamedTuple):
    """What runs on the rows that an operation needs, and what stands in for rows beyond the ends of the map."""

    operation: Operation
    """What runs on the rows: the same operation, without padding along the first axis."""
    fill: str = "zeros"
    """Rows beyond the ends: zeros, lowest, reflect, replicate, or none."""
    per_row: int = 0
    """Rows that each row read becomes, from which the wanted ones are cut; 0: it gives exactly the wanted ones."""
    multiple: int = 1
    """Rows of the output that cost as much as fewer of them."""
    reads: Operation | None = None
    """The operation whose `needs` tell the rows to read, where it is not the operation itself."""
    groups: int = 0
    """Groups of channels whose moments are those of all their samples; 0: each channel has its own."""
    kind: str = "rows"
    """rows; overlap: each row read adds to several; taps: a sum of rows, weighted by position; or what depends on the
    whole map through a few sums: moments (mean and variance of each channel), mean, maximum."""

    @property
    def is_global(self) -> bool:
        """Whether it depends on sums over the whole map."""
        return self.kind in ("moments", "mean", "maximum")
