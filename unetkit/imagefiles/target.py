"""What an image file is written through."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray


class Target(Protocol):
    """An array to be written part by part."""

    def __setitem__(self, part: Any, block: NDArray[Any], /) -> None: ...
