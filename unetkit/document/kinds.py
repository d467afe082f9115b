"""The kinds of YAML files (spec, data file, run, study), told apart by keys that no other kind has."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal, TypeAlias

from unetkit.document.document import Document, top_keys
from unetkit.errors import Fault, SpecError

Kind: TypeAlias = Literal["spec", "data", "run", "study"]

KEYS: dict[Kind, set[str]] = {
    "spec": {
        "in_channels",
        "out_channels",
        "block",
        "down",
        "up",
        "skip",
        "head",
        "heads",
        "encoder",
        "decoder",
        "levels",
    },
    "data": {"dataset", "classes", "split", "ignore"},
    "run": {"spec"},
    "study": {"axes", "arms", "base", "run", "design", "seeds", "budget", "when", "exclude"},
}
NAMES: dict[Kind, str] = {"spec": "a spec", "data": "a data file", "run": "a run", "study": "a study"}
_USES: dict[Kind, str] = {
    "spec": "A run names it under spec; `unetkit train SPEC DATA --minutes 10` trains it without one.",
    "data": "A run names it under data; `unetkit data` looks at the images.",
    "run": "`unetkit train` takes it; its network stands under spec, its images under data.",
    "study": "`unetkit study plan` and `unetkit study run` take it.",
}


def kind_of(keys: Collection[object]) -> Kind | None:
    """The kind of a file with these top-level keys; None if they fit none, or several.

    >>> kind_of({"unetkit", "spec", "data", "training"}), kind_of({"unetkit", "name"})
    ('run', None)
    """
    kinds = [kind for kind, own in KEYS.items() if own & set(keys)]
    return kinds[0] if len(kinds) == 1 else None


def kind_in(path: Path) -> Kind | None:
    """The kind of a file by its own keys. Raises SpecError if it cannot be read."""
    return kind_of(top_keys(path))


def expect_kind(document: Document, wanted: Kind) -> None:
    """Raises SpecError if a document is of another kind: one fault, not one for each of its keys."""
    keys = document.root.value
    kind = kind_of(keys)
    if kind not in (None, wanted):
        first = next(key for key in keys if key in KEYS[kind])
        fault = Fault("other-kind", f"this is {NAMES[kind]}, not {NAMES[wanted]}", cure=_USES[kind])
        raise SpecError(fault.at(document.place((first,), key=True)))
