"""HTML and SVG elements. A text is escaped unless it is markup already, so that no name can break a page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from unetkit.quoting import printable_lines

VOID = frozenset({"br", "hr", "img", "meta", "wbr"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def breakable(name: str) -> Markup:
    """Returns a name whose line may be broken after a comma, so that it need not be within a word.

    >>> breakable("down=max,up=linear")
    'down=max,<wbr>up=linear'
    """
    first, *rest = (escape(part, quote=False) for part in printable_lines(name).split(","))
    return Markup("".join([first, *(f",<wbr>{part}" for part in rest)]))


def element(tag: str, /, *children: str, **attributes: object) -> Markup:
    """Returns an element. `class_` is the attribute `class`, `data_value` is `data-value`; None and False are left out.

    >>> element("p", "a < b", element("br"), class_="note", hidden=True)
    '<p class="note" hidden>a &lt; b<br></p>'
    """
    written = "".join(attribute(key, value) for key, value in attributes.items())
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def attribute(key: str, value: object) -> str:
    """Returns one attribute with a space before it."""
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(printable_lines(str(value)))}"'


def join(children: Iterable[str]) -> Markup:
    """Returns children one after the other, texts escaped."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(printable_lines(child), quote=False) for child in children
        )
    )
