"""Pictures inside a page."""

from __future__ import annotations

from base64 import b64encode

from unetkit.page.element import Markup, element


def picture(png: bytes, description: str) -> Markup:
    """Returns a picture from the bytes of a PNG file; its pixels stay square."""
    source = f"data:image/png;base64,{b64encode(png).decode()}"
    return element("img", src=source, alt=description, class_="pixels", loading="lazy")
