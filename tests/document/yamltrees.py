"""Trees of values for the tests of the YAML files: drawn, written as text, walked."""

import json
import math
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from unetkit.document.document import Document


def paths(values: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yields the path and value of everything below the top."""
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, tuple) else ()
    for key, child in inner:
        yield (*path, key), child
        yield from paths(child, (*path, key))


def spot(document: Document, path: tuple[str | int, ...], *, key: bool = False) -> str:
    """Returns the text under the place of `path`."""
    place = document.place(path, key=key)
    assert place is not None
    return place.text[place.column - 1 : place.column - 1 + place.width]


def flow(values: Any) -> str:
    """Writes values as YAML on one line."""
    if isinstance(values, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(child)}" for key, child in values.items()) + "}"
    if isinstance(values, tuple):
        return "[" + ", ".join(map(flow, values)) + "]"
    if isinstance(values, float) and not math.isfinite(values):
        return f"{'-' if values < 0 else ''}.inf"
    return json.dumps(values, ensure_ascii=False)


def block(values: dict[Any, Any], indent: str = "") -> str:
    """Writes values as YAML with a line per key."""
    lines = []
    for key, child in values.items():
        nested = isinstance(child, dict) and child
        lines.append(f"{indent}{flow(key)}:" + (f"\n{block(child, indent + '  ')}" if nested else f" {flow(child)}"))
    return "\n".join(lines)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
KEYS = TEXTS.filter(lambda text: text not in ("extends", "<<", "type")) | st.integers(0, 99)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(KEYS, TREES, min_size=1, max_size=4)
TYPED = st.recursive(
    st.sampled_from(["a", "b", 1, None, (1, 2)]),
    lambda inner: st.dictionaries(st.sampled_from(["type", "x", "y", 2]), inner, max_size=3),
    max_leaves=10,
)
TYPED_MAPS = st.dictionaries(st.sampled_from(["block", "norm", "levels"]), TYPED, min_size=1)
