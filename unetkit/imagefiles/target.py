"""What a result is written through."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray


class ResultWriter(Protocol):
    """A result file that is written part by part."""

    def write(self, number: int, part: tuple[slice, ...], block: NDArray[Any]) -> None:
        """Writes a part of the result for one image: (*spatial), or (channels, *spatial) where it has channels."""
