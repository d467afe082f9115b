"""A golden file: what it holds, what has changed since, and how it is written anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
AGAIN = 'Where it is meant: python -m tests.golden --reason "why it changes", which adds to `exceptions` of the file.'


def read(name: str) -> dict[str, Any]:
    """The golden file: its `entries` and `exceptions`; both empty where there is no file yet."""
    file = FOLDER / f"{name}.json"
    empty: dict[str, Any] = {"exceptions": [], "entries": {}}
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else empty
    return found


def write(name: str, entries: Any, reason: str) -> None:
    """Writes a golden file anew. Raises SystemExit where something differs and no reason is given."""
    old = read(name)
    changed = [f"{path}: {change}" for path, change in changes(old["entries"], entries)]
    if changed and not reason:
        raise SystemExit("\n".join([f"{name}.json differs; give --reason:", *changed]))
    exceptions = [*old["exceptions"], *({"entry": one, "reason": reason} for one in changed)]
    text = json.dumps({"exceptions": exceptions, "entries": entries}, indent=1, ensure_ascii=False, sort_keys=True)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", "utf-8")


def changes(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields (path, change) for each entry that is missing or has another value; what is new is no change.

    >>> list(changes({"a": 1, "b": [1, 2]}, {"a": 2, "b": [2, 3], "c": 4}))
    [('a', 'was 1, is 2'), ('b', 'lost 1')]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            inner = f"{path} > {key}" if path else key
            if key in new:
                yield from changes(value, new[key], inner)
            else:
                yield inner, "is missing"
    elif isinstance(old, list) and isinstance(new, list):
        yield from ((path, f"lost {json.dumps(one)}") for one in old if one not in new)
    elif old != new and old != {}:
        yield path, f"was {json.dumps(old)}, is {json.dumps(new)}"
