"""Sizes and reach of a module along one axis, declared by its author or measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class ModuleFacts:
    """What a module does along one axis: n samples become scale · ((n + offset) // stride) + extra.

    Output sample j is computed from the input samples j·stride // scale − before … j·stride // scale + after.
    It takes multiples of `multiple` from `least` on. `is_global`: each output depends on the whole image, or on its
    place in it, so that no tile is exact.
    """

    stride: int = 1
    scale: int = 1
    offset: int = 0
    extra: int = 0
    before: int = 0
    after: int = 0
    least: int = 1
    multiple: int = 1
    is_global: bool = False

    @classmethod
    def window(cls, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Self:
        """The facts of a convolution or a pooling.

        >>> ModuleFacts.window(3, padding=1) == ModuleFacts(before=1, after=1)
        True
        """
        reach = dilation * (kernel - 1)
        room = 2 * padding - reach - 1
        offset, extra = room % stride, room // stride + 1
        return cls(stride, 1, offset, extra, padding, reach - padding, max(1, reach + 1 - 2 * padding))

    def size(self, samples: int) -> int:
        """The output size for an input of `samples`."""
        return self.scale * ((samples + self.offset) // self.stride) + self.extra

    def accepts(self, samples: int) -> bool:
        """Whether an input of `samples` is taken."""
        return samples >= self.least and samples % self.multiple == 0
