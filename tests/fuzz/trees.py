"""Changes of values: of what YAML and JSON files hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

HOSTILE: tuple[Any, ...] = (
    None, "", [], {}, 0, 1, -1, 2, 3, 7, True, False, 0.5, -0.0, 1e-300, 1e308, -1e308, float("nan"), float("inf"),
    10**30, 10**400, 2**31, 2**63, "a" * 300, "../../private", "/etc/passwd", "/dev/zero", ".", "..", "a/b", "a\nb",
    "\x1b[2J",
    "\u202e", "\x9b", "=1+1", "@x", "<script>", "]]>", "\\end{tabular}", "|", "none", "null", [[]], [None], {"": ""},
    {1: 2}, {None: 1}, {"type": 3}, {"type": None}, {"type": "none"}, [1] * 40, ["a", ""], "🦆", [[[[[[1]]]]]],
)  # fmt: skip
Path = tuple[Any, ...]


MOST = 2_000
"""Places that are looked at: values may hold themselves."""


def places(values: Any) -> list[Path]:
    """Returns the paths of the values below the top, the outer ones first."""
    found: list[Path] = []
    waiting: deque[tuple[Path, Any]] = deque([((), values)])
    while waiting and len(found) < MOST:
        path, value = waiting.popleft()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in inner:
            found.append((*path, key))
            waiting.append((found[-1], child))
    return found


def at(values: Any, path: Path) -> Any:
    """Returns the value at a path."""
    for key in path:
        values = values[key]
    return values


def tree_changed(values: Any, random: Random, keys: Sequence[Any], others: Sequence[Any], most: int = 3) -> Any:
    """Returns values with a few changes; `keys` and `others` are what may come in. The values given are changed."""
    for _ in range(random.randint(1, most)):
        known = places(values)
        if not known:
            return deepcopy(random.choice(HOSTILE))
        *outer, key = random.choice(known)
        inside = at(values, tuple(outer))
        match random.randrange(8):
            case 0 | 1:
                inside[key] = deepcopy(random.choice(HOSTILE))
            case 2 | 3:
                inside[key] = deepcopy(random.choice(others))
            case 4:
                del inside[key]
            case 5 if isinstance(inside, dict):
                inside[random.choice((*keys, 0, None, "", True))] = deepcopy(random.choice(others))
            case 6:
                inside[key] = random.choice(([inside[key]], {random.choice(keys): inside[key]}, [inside[key]] * 3))
            case _:
                number = inside[key]
                if isinstance(number, int | float):
                    inside[key] = random.choice((number + 1, -number, number * 1000, number // 2, str(number)))
                else:
                    inside[key] = at(values, random.choice(known)[:1])
    return values
