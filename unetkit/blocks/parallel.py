"""Branches that read the same signal, and are merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from unetkit.block import Block, Inset
from unetkit.signal import Signal


class Parallel(Block):
    """Branches that read the same signal side by side, then their sum, concatenation or product.

    Each branch is a component or a list; `[]` passes the signal on.
    """

    branches: Annotated[tuple[Block, ...], Inset("block", branches=True)]
    """At least two; each a component, or a list of them."""
    merge: Literal["add", "concat", "multiply"] = "add"
    """How they are merged: their sum, their channels one after the other, or their product."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if len(self.branches) < 2:
            yield "branches", f"{len(self.branches)} branches have nothing to merge", "Give at least two."

    def again(self) -> Block:
        return self.model_copy(update={"branches": tuple(branch.again() for branch in self.branches)})

    def wire(self, x: Signal, channels: int) -> Signal:
        outputs = []
        for number, branch in enumerate(self.branches):
            with x.within("branches", number):
                outputs.append(x.place(str(number), branch, channels=channels))
        first, *others = outputs
        match self.merge:
            case "concat":
                return first.concat(*others)
            case "multiply":
                for other in others:
                    first = first.gate(other)
                return first
        return first.add(*others)
