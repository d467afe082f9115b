"""The shapes in the comments beside the operations of a block."""

from __future__ import annotations

from unetkit.codegen.parameters import Constructor
from unetkit.codegen.structure import Body
from unetkit.operations import Operation
from unetkit.planning import SizedPlan

_Shift = tuple[int, ...] | None
"""By how many samples a signal is larger than the block's input; None if the difference depends on the size."""
LARGE = 1000
"""A size that every operation takes."""
LETTERS = {1: "L", 2: "HW", 3: "DHW"}


def shape(channels: str | int, shift: tuple[int, ...]) -> str:
    """A shape in letters.

    >>> shape("channels", (-2, 0))
    '(N, channels, H - 2, W)'
    """
    letters = LETTERS[len(shift)]
    axes = [
        f"{letter} {'+' if n > 0 else '-'} {abs(n)}" if n else letter for letter, n in zip(letters, shift, strict=True)
    ]
    return f"(N, {channels}, {', '.join(axes)})"


def comments(group: tuple[Body, ...], made: Constructor, sized: SizedPlan | None) -> list[str]:
    """The shape after each convolution of a class, if all its blocks agree; else an empty text."""
    block = group[0]
    found = [""] * len(block.lines)
    if sized is None or len(block.in_channels) > 1:
        return found
    alike = {tuple(_shifts(each, sized)) for each in group}
    if len(alike) > 1:
        return found
    for index, (shift, line) in enumerate(zip(alike.pop(), block.lines, strict=True)):
        word = made.words.get(tuple(other.lines[index].channels for other in group))
        if line.operation.shows_shape and shift is not None and word:
            found[index] = shape(word, shift)
    return found


def _shifts(block: Body, sized: SizedPlan) -> list[_Shift]:
    """The shift of each operation's result."""
    first = sized.sizes[block.inputs[0]]
    known: dict[int, _Shift] = {-1: (0,) * len(first)}
    for index, line in enumerate(block.lines):
        before, size = known[line.inputs[0]], sized.sizes[line.node]
        moved = line.body is not None or not all(
            _follows(line.operation, axis, len(line.inputs)) for axis in range(len(size))
        )
        shift = tuple(n - m for n, m in zip(size, first, strict=True))
        known[index] = None if before is None or moved else shift
    return [known[index] for index in range(len(block.lines))]


def _follows(operation: Operation, axis: int, inputs: int) -> bool:
    """Whether one more input sample makes one more output sample."""
    less, more = (operation.size(axis, (n,) * inputs) for n in (LARGE, LARGE + 1))
    return operation.rescale(axis) == (1, 1) and more - less == 1
