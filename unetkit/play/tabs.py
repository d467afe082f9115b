"""What the tabs of the page show: code, the resolved spec, a comparison with another, what differs in the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from unetkit.codegen import code
from unetkit.comparison import compare
from unetkit.comparison.output import comparison_svg
from unetkit.comparison.rows import cost_rows, setting_rows
from unetkit.document.document import Document
from unetkit.document.merge import KeyPath, TreeNode, plain
from unetkit.errors import UnetkitError
from unetkit.planning import Plan
from unetkit.planning.refusal import fits
from unetkit.play.reading import Source, example, planned_before, read
from unetkit.play.spans import own_span
from unetkit.wording import value_text

_UNCHIPPED = ("unetkit", "name", "description", "paper", "extends")


def code_of(plan: Plan) -> str:
    """The network as one file of Python."""
    return code(plan)


def resolved(plan: Plan) -> str:
    """The canonical form as YAML."""
    style: dict[str, Any] = {"sort_keys": False, "width": 100, "default_flow_style": None, "allow_unicode": True}
    text: str = yaml.safe_dump(plan.spec.resolve(), **style)
    return text


def other_source(given: str, source: Source) -> Source:
    """The text that a request names: that of a shipped spec, or the text itself. Raises SpecError."""
    return Source(given if "\n" in given or ":" in given else example(given), source.file)


def diff(plan: Plan, size: tuple[int, ...], given: str, source: Source) -> dict[str, Any]:
    """The comparison with another network, the other first: one drawing of both, and rows of what differs."""
    try:
        other = planned_before(other_source(given, source))
        both = size if fits(other, size) else None
        found = compare(other, plan, both)
        rows = [list(row[:3]) for row in setting_rows(found)]
        costs = [list(row) for row in cost_rows(found)]
        svg = comparison_svg(found, with_settings=False)  # the page has a table of them
        return {"svg": svg, "rows": rows, "costs": costs, "same": found.same, "faults": []}
    except UnetkitError as error:
        return {"svg": None, "rows": [], "costs": [], "faults": [fault.json() for fault in error.faults]}


def chips(document: Document, given: str, source: Source) -> list[dict[str, Any]]:
    """The settings of a text that differ from another text: path, value, value before, and where it stands."""
    try:
        base = read(other_source(given, source))
    except UnetkitError:
        return []
    new, old = dict(_leaves(document.root)), dict(_leaves(base.root))
    rows = []
    for path in dict.fromkeys([*old, *new]):
        before, after = (plain(leaf) if leaf else None for leaf in (old.get(path), new.get(path)))
        if (before, path in old) != (after, path in new) and path[0] not in _UNCHIPPED:
            span = own_span(document, path)
            rows.append(
                {
                    "path": ".".join(map(str, path)),
                    "value": value_text(after) if path in new else None,
                    "was": value_text(before) if path in old else None,
                    **(span.json() if span else {}),
                }
            )
    return rows


def _leaves(node: TreeNode, path: KeyPath = ()) -> Iterator[tuple[KeyPath, TreeNode]]:
    """Yields the values of a tree that are no maps, by path; a bare name is the type of a component."""
    if type(node.value) is dict and node.value:
        for key, (_, value) in node.value.items():
            if key == "type" and type(value.value) is str:
                yield path, value
            else:
                yield from _leaves(value, (*path, key))
    elif path:
        yield path, node
