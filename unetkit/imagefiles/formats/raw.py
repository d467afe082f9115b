"""Numbers that lie one after the other in a file, mapped into memory only while a part is read or written.

What is mapped counts as memory of the process as long as the mapping lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class MappedArray:
    """An array in a file from a byte on; `order` is C, or F where the first axis is the fastest."""

    path: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"] = "C"

    def mapped(self, mode: Literal["r", "r+"]) -> np.memmap[Any, Any]:
        """Returns the array; let go of it soon."""
        return np.memmap(self.path, self.dtype, mode, self.offset, self.shape, self.order)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        return np.array(self.mapped("r")[part])

    def __setitem__(self, part: Any, block: NDArray[Any]) -> None:
        self.mapped("r+")[part] = block
