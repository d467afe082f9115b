"""The shapes of a glyph: the box with its parts, and the labels above and below."""

from __future__ import annotations

from unetkit.draw.glyph import CHANNELS_FONT, LINE, SIZE_FONT, Glyph
from unetkit.draw.shapes import Area, Shape, Text, rectangle
from unetkit.topology import MAP_SLOTS


def box(glyph: Glyph, marked: frozenset[str] = frozenset()) -> list[Shape]:
    """The faces, back to front, the part that a skip copies (dashed), and the labels.

    The front is highlighted if one of the blocks in `marked` made it.
    """
    highlighted = glyph.map.is_made_by((*MAP_SLOTS, "head"), marked)
    return [*_faces(glyph, "own marked" if highlighted else "own"), *labels(glyph)]


def _faces(glyph: Glyph, own: str = "own") -> list[Shape]:
    """The front of each part; for a volume also its upper faces and right side."""
    top, bottom, right, depth = glyph.top, glyph.bottom, glyph.right, glyph.depth
    seam = right - glyph.own
    parts = [(glyph.left, seam, "borrowed")] if glyph.borrowed else []
    parts.append((seam, right, own))
    shapes: list[Shape] = []
    for start, end, kind in parts:
        shapes.append(rectangle(start, top, end, bottom, kind, shown=glyph.map))
        if depth:
            slanted = ((start, top), (start + depth, top - depth), (end + depth, top - depth), (end, top))
            shapes.append(Area(slanted, f"{kind.split()[0]} upper"))
    if depth:
        slanted = ((right, top), (right + depth, top - depth), (right + depth, bottom - depth), (right, bottom))
        shapes.append(Area(slanted, "own side"))
    if glyph.kept:
        shapes.append(rectangle(glyph.left, glyph.y - glyph.kept / 2, right, glyph.y + glyph.kept / 2, "kept"))
    return shapes


def labels(glyph: Glyph) -> list[Shape]:
    """The channels above (a caption over them) and the size below."""
    x, above = glyph.middle, glyph.top - glyph.depth - 5
    shapes: list[Shape] = [Text(x, above, str(glyph.map.channels), CHANNELS_FONT, anchor="middle", bold=True)]
    if glyph.map.caption:
        shapes.append(Text(x, above - LINE, glyph.map.caption, SIZE_FONT, "muted", anchor="middle"))
    if glyph.size_shown:
        shapes.append(Text(x, glyph.bottom + LINE - 1, glyph.size_label, SIZE_FONT, "muted", anchor="middle"))
    return shapes
