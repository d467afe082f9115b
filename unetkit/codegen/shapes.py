"""The shapes that stand as comments beside the operations of a block."""

from __future__ import annotations

from unetkit.codegen.parameters import Constructor
from unetkit.codegen.structure import Body
from unetkit.operations import Concatenation, Convolution, GlobalAvgPool, SubpixelShuffle
from unetkit.planning import SizedPlan

Shift = tuple[int, ...] | None
"""By how many samples a signal is wider than the block's input; None where no number says so."""
LETTERS = {1: "L", 2: "HW", 3: "DHW"}


def shape(channels: str | int, shift: tuple[int, ...]) -> str:
    """Returns a shape in letters.

    >>> shape("channels", (-2, 0))
    '(N, channels, H - 2, W)'
    """
    letters = LETTERS[len(shift)]
    axes = [
        f"{letter} {'+' if n > 0 else '-'} {abs(n)}" if n else letter for letter, n in zip(letters, shift, strict=True)
    ]
    return f"(N, {channels}, {', '.join(axes)})"


def comments(group: tuple[Body, ...], made: Constructor, sized: SizedPlan | None) -> list[str]:
    """Returns the shape after each convolution of a class, where it holds for all its blocks; else nothing."""
    block = group[0]
    found = [""] * len(block.lines)
    if sized is None or len(block.in_channels) > 1:
        return found
    alike = {tuple(shifts(each, sized)) for each in group}
    if len(alike) > 1:
        return found
    words = channel_texts(group, made)
    for index, (shift, line) in enumerate(zip(alike.pop(), block.lines, strict=True)):
        if isinstance(line.operation, Convolution) and shift is not None and words[index]:
            found[index] = shape(words[index], shift)
    return found


def shifts(block: Body, sized: SizedPlan) -> list[Shift]:
    """Returns the shift of each operation's result."""
    start, first = block.span.start, sized.sizes[block.span.inputs[0]]
    known: dict[int, Shift] = {-1: (0,) * len(first)}
    for index, line in enumerate(block.lines):
        before, size = known[line.inputs[0]], sized.sizes[start + index]
        strides = [line.operation.rescale(axis) for axis in range(len(size))]
        moved = isinstance(line.operation, GlobalAvgPool) or any(stride != (1, 1) for stride in strides)
        shift = tuple(n - m for n, m in zip(size, first, strict=True))
        known[index] = None if before is None or moved else shift
    return [known[index] for index in range(len(block.lines))]


def channel_texts(group: tuple[Body, ...], made: Constructor) -> list[str]:
    """Returns how the channels of each operation's result are written; nothing where the class has no word for them."""
    texts = []
    for index, line in enumerate(group[0].lines):
        values = tuple(block.lines[index].channels for block in group)
        known = not isinstance(line.operation, Concatenation | SubpixelShuffle)
        texts.append(made.words.get(values, "") if known else "")
    return texts
