"""How two trees of values merge."""

from typing import Any

import pytest
from hypothesis import given

from tests.document.yamltrees import TYPED_MAPS, flow
from unetkit.document.merge import TextSource, merge, plain
from unetkit.document.text import compose_map


def merged(base: Any, over: Any) -> Any:
    return plain(merge(*(compose_map(TextSource("<text>", flow(values))) for values in (base, over))))


RULES: dict[str, tuple[Any, Any, Any]] = {
    "maps merge": ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
    "lists replace": ({"a": (1, 2)}, {"a": (3,)}, {"a": (3,)}),
    "null replaces": ({"a": {"x": 1}}, {"a": None}, {"a": None}),
    "null is replaced": ({"a": None}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    "another type drops": ({"a": {"type": "b", "x": 1}}, {"a": {"type": "c", "y": 1}}, {"a": {"type": "c", "y": 1}}),
    "same type merges": ({"a": {"type": "b", "x": 1}}, {"a": {"type": "b"}}, {"a": {"type": "b", "x": 1}}),
    "type added": ({"a": {"x": 1}}, {"a": {"type": "b"}}, {"a": {"x": 1, "type": "b"}}),
    "a name counts as type": ({"a": "b"}, {"a": {"x": 1}}, {"a": {"type": "b", "x": 1}}),
    "a name of the same type": ({"a": "b"}, {"a": {"type": "b", "x": 1}}, {"a": {"type": "b", "x": 1}}),
    "a name of another type": ({"a": "c"}, {"a": {"type": "b", "x": 1}}, {"a": {"type": "b", "x": 1}}),
    "a name replaces": ({"a": {"type": "b", "x": 1}}, {"a": "b"}, {"a": "b"}),
    "a number gives way": ({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
}


@pytest.mark.parametrize("rule", RULES)
def test_merge_rule(rule: str) -> None:
    base, over, expected = RULES[rule]
    assert merged(base, over) == expected
    assert list(merged(base, over)["a"] or ()) == list(expected["a"] or ())


@given(TYPED_MAPS, TYPED_MAPS)
def test_merging_keeps_its_laws(base: dict[Any, Any], over: dict[Any, Any]) -> None:
    once = merged(base, over)
    assert merged(base, {}) == base
    assert merged({}, over) == over
    assert merged(base, base) == base
    assert merged(once, over) == once
