"""A complete page: its head, and the style and script that all pages share."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from unetkit.page.element import Markup, element, join

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""The usual content security policy: nothing may be fetched."""


def document(title: str, *body: str, policy: str = POLICY, refresh: int = 0) -> str:
    """A self-contained HTML document with a content security policy; reloaded every `refresh` seconds unless 0."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", http_equiv="refresh", content=str(refresh)) if refresh else Markup(""),
        element("title", title),
        element("style", shared("page.css")),
    )
    page = element(
        "html", head, element("body", element("main", *body), element("script", shared("sort.js"))), lang="en"
    )
    return f"<!doctype html>\n{page}\n"


@cache
def shared(name: str) -> Markup:
    """The content of a file in this folder."""
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))


def section(title: str, *body: str, anchor: str, lead: str = "") -> Markup:
    """A section with its heading, and an introduction below it."""
    introduction = element("p", lead, class_="lead") if lead else Markup("")
    return element("section", element("h2", title), introduction, join(body), id=anchor)
