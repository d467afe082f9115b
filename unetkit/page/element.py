"""HTML and SVG elements. Text is escaped unless it is Markup, so no name can break a page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape

from unetkit.quoting import printable_lines

_VOID = frozenset({"br", "hr", "img", "meta", "wbr"})


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def breakable(name: str) -> Markup:
    """A name with possible line breaks after commas.

    >>> breakable("down=max,up=linear")
    'down=max,<wbr>up=linear'
    """
    first, *rest = (escape(part, quote=False) for part in printable_lines(name).split(","))
    return Markup("".join([first, *(f",<wbr>{part}" for part in rest)]))


def element(tag: str, /, *children: str, **attributes: object) -> Markup:
    """An element. `class_` is the attribute `class`, `data_value` is `data-value`; None and False are left out.

    >>> element("p", "a < b", element("br"), class_="note", hidden=True)
    '<p class="note" hidden>a &lt; b<br></p>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def _attribute(key: str, value: object) -> str:
    """One attribute after a space."""
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(printable_lines(str(value)))}"'


def join(children: Iterable[str]) -> Markup:
    """Concatenates children; texts are escaped."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(printable_lines(child), quote=False) for child in children
        )
    )


def picture(png: bytes, description: str) -> Markup:
    """An inline picture from the bytes of a PNG file, scaled without smoothing."""
    source = f"data:image/png;base64,{b64encode(png).decode()}"
    return element("img", src=source, alt=description, class_="pixels", loading="lazy")
