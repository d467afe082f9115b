"""Which constructs of the spec language a spec has, so that a test can tell that random ones have all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unetkit import registry
from unetkit.language import Spec

CONSTRUCTS = (
    *(f"topology {name}" for name in registry.BUILT_IN["topology"]),
    "list",
    "branches",
    "stride",
    "network within a block",
    "encoder",
    "several images",
    "vector",
    "condition",
)


def sound_topology(name: str) -> Any:
    """A topology with the parameters that it needs."""
    return registry.find("topology", name).example.get("topology", name)


def constructs(spec: Spec) -> set[str]:
    """The constructs that a spec has."""
    form = spec.resolve()
    inputs = list(form.get("inputs", {}).values())
    has = {
        f"topology {form['topology']['type']}": True,
        "encoder": "type" in form.get("encoder", {}),
        "several images": sum(not one.get("vector") for one in inputs) > 1,
        "vector": any(one.get("vector") for one in inputs),
    }
    parts = {key: value for key, value in form.items() if key not in ("inputs", "topology", "init", "heads")}
    for value in _nested(parts):
        has["list"] = has.get("list", False) or isinstance(value, list)
        if isinstance(value, dict):
            is_block = value.get("type") in registry.BUILT_IN["block"]
            for name, is_there in (
                ("network within a block", value.get("type") in registry.BUILT_IN["topology"]),
                ("branches", "branches" in value),
                ("stride", is_block and value.get("stride", 1) != 1),
                ("condition", value.get("condition") is not None),
            ):
                has[name] = has.get(name, False) or is_there
    return {name for name, is_there in has.items() if is_there}


def _nested(values: Any) -> Iterator[Any]:
    """Yields all maps and lists of components within nested values."""
    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | str) for one in value)):
            yield value
            yield from _nested(value)
