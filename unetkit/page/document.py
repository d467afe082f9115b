"""A whole page: what stands around its sections, and the style and the script that all pages share."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from unetkit.page.element import Markup, element, join

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What a browser may do for a page: fetch nothing."""


def document(title: str, *body: str) -> str:
    """Returns an HTML document that stands alone."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", shared("page.css")),
    )
    page = element(
        "html", head, element("body", element("main", *body), element("script", shared("sort.js"))), lang="en"
    )
    return f"<!doctype html>\n{page}\n"


@cache
def shared(name: str) -> Markup:
    """Returns the text of a file beside this one."""
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))


def section(title: str, *body: str, anchor: str, lead: str = "") -> Markup:
    """Returns a section with its heading, and a line below it that says what is seen."""
    introduction = element("p", lead, class_="lead") if lead else Markup("")
    return element("section", element("h2", title), introduction, join(body), id=anchor)
