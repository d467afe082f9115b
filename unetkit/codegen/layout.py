"""Expressions laid out as ruff's formatter lays them out: on one line where they fit, else one item per line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

WIDTH = 120
INDENT = " " * 4


class Item(NamedTuple):
    """One item of a group: its value, the text before it (`bias=`), and the comment after it."""

    value: Expression
    lead: str = ""
    comment: str = ""


class ItemGroup(NamedTuple):
    """Items in brackets: `nn.Conv2d(`, items, `)`; `,)` closes a tuple of one."""

    opening: str
    items: tuple[Item, ...]
    closing: str


Expression = str | ItemGroup


def call(name: str, *values: Expression, **named: Expression) -> ItemGroup:
    """A call with positional and named arguments."""
    return ItemGroup(f"{name}(", tuple(map(Item, values)) + tuple(Item(v, f"{k}=") for k, v in named.items()), ")")


def in_tuple(*values: Expression) -> ItemGroup:
    """A tuple of the values.

    >>> _flat(in_tuple("1")), _flat(in_tuple("1", in_tuple()))
    ('(1,)', '(1, ())')
    """
    return ItemGroup("(", tuple(map(Item, values)), ",)" if len(values) == 1 else ")")


def _flat(expression: Expression) -> str:
    """The expression on one line, without comments."""
    if isinstance(expression, str):
        return expression
    items = ", ".join(item.lead + _flat(item.value) for item in expression.items)
    return expression.opening + items + expression.closing


def _commented(expression: Expression) -> bool:
    """Whether an expression contains a comment."""
    return not isinstance(expression, str) and any(item.comment or _commented(item.value) for item in expression.items)


def lay_out(lead: str, expression: Expression, indent: str, trail: str = "", comment: str = "") -> Iterator[str]:
    """Yields the lines of `lead` + expression + `trail`, all indented.

    >>> print(*lay_out("x = ", ItemGroup("[", (Item("1", comment="one"), Item("2")), "]"), ""), sep=chr(10))
    x = [
        1,  # one
        2,
    ]
    """
    line = indent + lead + _flat(expression) + trail
    if isinstance(expression, str) or (not _commented(expression) and len(line) <= WIDTH):
        yield from _with_comment(line, comment, indent)
        return
    yield indent + lead + expression.opening
    items = expression.items
    lone = (
        len(items) == 1 and not items[0].lead and isinstance(items[0].value, ItemGroup) and expression.closing != ",)"
    )
    above = not all(fits(item, indent + INDENT) for item in items)
    for item in items:
        if item.comment and above:
            yield f"{indent}{INDENT}# {item.comment}"
        yield from lay_out(item.lead, item.value, indent + INDENT, "" if lone else ",", "" if above else item.comment)
    yield from _with_comment(indent + expression.closing.lstrip(",") + trail, comment, indent)


def fits(item: Item, indent: str) -> bool:
    """Whether an item fits on one line together with its comment."""
    line = indent + item.lead + _flat(item.value) + ","
    return not item.comment or (not _commented(item.value) and len(line) + len(item.comment) + 4 <= WIDTH)


def _with_comment(line: str, comment: str, indent: str) -> Iterator[str]:
    """Yields a line with its comment after it, or above it if the line became too long."""
    if not comment:
        yield line
    elif len(line) + len(comment) + 4 <= WIDTH:
        yield f"{line}  # {comment}"
    else:
        yield f"{indent}# {comment}"
        yield line


def literal(value: Any) -> str:
    """A value as Python text, with the quotes that ruff's formatter prefers.

    >>> literal("same"), literal((1, 2)), literal(1e-5)
    ('"same"', '(1, 2)', '1e-05')
    """
    text = repr(value)
    if isinstance(value, str) and text == f"'{value}'" and '"' not in value:
        return f'"{value}"'
    return text
