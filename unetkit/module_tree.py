"""The modules of a network, nested by their names as torch nests them. No part of a name has a meaning here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar, Union

T = TypeVar("T")
Tree: TypeAlias = dict[str, Union[T, "Tree[T]"]]


def module_tree(named: Mapping[str, T]) -> Tree[T]:
    """Values, which must not be dicts, nested by the parts of their dotted names, in the order of first use.

    >>> module_tree({"encoder.0.block": 1, "head": 2, "encoder.1.block": 3})
    {'encoder': {'0': {'block': 1}, '1': {'block': 3}}, 'head': 2}
    """
    tree: Tree[T] = {}
    for name, value in named.items():
        *parents, last = name.split(".")
        inner = tree
        for parent in parents:
            below = inner.setdefault(parent, {})
            assert isinstance(below, dict), f"{name} is within another module"
            inner = below
        inner[last] = value
    return tree


def leaves(tree: Tree[T]) -> Iterator[T]:
    """Yields the values of a tree in the order in which torch lists modules."""
    for value in tree.values():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield value
