"""Differences between two networks, operation by operation, from their listings."""

from __future__ import annotations

import re

_OPERATION = re.compile(r"(\d+) ([\w.]+) = (.*) \(([\d, ]*)\)")
_SPAN = re.compile(r"([\w.]+) \([\d, ]*\) -> \d+")


def structural_differences(saved: list[str], here: list[str]) -> list[str]:
    """A line for each operation that differs between two listings (of `Plan.listing`).

    >>> saved = ["dims=2", "head (0,) -> 1", "1 conv1 = nn.Conv2d(1, 2, 1) (0,)"]
    >>> structural_differences(saved, ["dims=2", "head (0,) -> 1", "1 conv1 = nn.Conv2d(1, 2, 3) (0,)"])
    ['head.conv1: saved nn.Conv2d(1, 2, 1), here nn.Conv2d(1, 2, 3)']
    """
    old, new = operations(saved), operations(here)
    return [
        f"{path}: saved {shown(old, new, path)}, here {shown(new, old, path)}"
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]


def operations(listing: list[str]) -> dict[str, tuple[str, str]]:
    """The operations of a listing by path: the layer, and the paths of its inputs. Other lines are their own path."""
    found: dict[str, tuple[str, str]] = {}
    paths = {"0": "the image"}
    scope = ""
    for line in listing:
        if span := _SPAN.fullmatch(line):
            scope = span[1]
        elif operation := _OPERATION.fullmatch(line):
            index, name, layer, inputs = operation.groups()
            path = paths[index] = f"{scope}.{name}"
            found[path] = layer, " and ".join(paths.get(one, one) for one in re.findall(r"\d+", inputs))
        else:
            key, _, value = line.partition("=" if line.startswith("dims") else ":")
            found[key] = value.strip(), ""
    return found


def shown(side: dict[str, tuple[str, str]], other: dict[str, tuple[str, str]], path: str) -> str:
    """The layer of one side at a path, with its inputs if the layers are equal."""
    if path not in side:
        return "nothing"
    layer, inputs = side[path]
    return layer if path not in other or other[path][0] != layer else f"{layer} of {inputs}"
