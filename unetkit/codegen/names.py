"""Names in the written file: free ones, and one class name per structure."""

from __future__ import annotations

import builtins
from collections.abc import Collection

from unetkit.codegen.structure import Body

RESERVED = frozenset(
    {"OrderedDict", "Tensor", "UNet", "functional", "initialize", "nn", "self", "torch", *dir(builtins)}
)
"""What the file itself needs."""


def unused(name: str, taken: Collection[str]) -> str:
    """Returns the name, with a number behind it where it is taken.

    >>> unused("x", {"x", "x2"})
    'x3'
    """
    numbers = (f"{name}{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(other for other in numbers if other not in taken)


def class_names(groups: list[tuple[Body, ...]], taken: Collection[str]) -> list[str]:
    """Returns a class name per group of blocks: that of the block, with its slot or a number where it is taken."""
    owners: dict[str, tuple[str, str]] = {}
    names: list[str] = []
    for group in groups:
        block = group[0]
        owner = (block.slot, block.kind)
        name = "Head" if block.slot == "head" else type(block.part).__name__
        if name in RESERVED or name in taken or owners.setdefault(name, owner) != owner:
            name += block.slot.title()
        names.append(unused(name, {*names, *taken, *RESERVED}))
    return names
