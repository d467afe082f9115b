"""What happens to images whose size is not aligned."""

from __future__ import annotations

from typing import Literal

from unetkit.block import OddSizes


class RefuseOddSizes(OddSizes):
    """An error, which names the nearest sizes that fit."""


class PadOddSizes(OddSizes):
    """Padding to the next aligned size; the output is cropped to that of the image."""

    mode: Literal["reflect", "replicate", "zeros"] = "reflect"
    """What stands in the padding; reflect mirrors as often as it takes, so that any image has enough."""

    @property
    def padding(self) -> str:
        return self.mode
