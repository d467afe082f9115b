"""Writes a drawing as an SVG or PNG file; the PNG is rendered from the same SVG text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unetkit.draw.drawing import draw_plan
from unetkit.draw.markup import markup
from unetkit.draw.pair import DrawnPlan, draw_pair
from unetkit.errors import Fault, FileError
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from unetkit.planning import SizedPlan

_FONTS = Path(__file__).parent / "fonts"
_ZOOM = 2  # pixels of a PNG per pixel of the SVG


def svg(sized_plan: SizedPlan, *, title: str = "", marked: Collection[str] = ()) -> str:
    """The drawing of a plan at a size as SVG text. The same plan gives the same text.

    The title is the spec's name by default. `marked` are the names of steps (`decoder.0.skip`) to highlight.
    """
    return markup(draw_plan(sized_plan, title, marked))


def pair_svg(first: DrawnPlan, second: DrawnPlan, differences: Sequence[tuple[str, str, str]]) -> str:
    """The drawing of two networks below each other, with a table of their differences, as SVG text."""
    return markup(draw_pair(first, second, differences))


def draw(sized_plan: SizedPlan, path: Path, *, title: str = "") -> None:
    """Writes the drawing of a plan as .svg or .png, whole or not at all.

    Raises FileError for another suffix and for a file that cannot be written.
    """
    suffix_of(path)
    write_drawing(svg(sized_plan, title=title), path)


def write_drawing(text: str, path: Path, *, further: Sequence[str] = ()) -> None:
    """Writes SVG text as .svg or .png. Raises FileError for another suffix, which names those in `further` too."""
    suffix = suffix_of(path, further)
    write_whole(Path(path), png(text) if suffix == ".png" else text.encode())


def suffix_of(path: Path, further: Sequence[str] = ()) -> str:
    """The suffix of a drawing, in lower case. Raises FileError for one that drawings do not have."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".svg", ".png"):
        message = f"{path}: a drawing is not written as {suffix or 'a file without a suffix'}"
        known = ", ".join(sorted([".png", ".svg", *further]))
        raise FileError(Fault("drawing-suffix", message, cure=f"Known: {known}."))
    return suffix


def png(text: str) -> bytes:
    """SVG text rendered as PNG, with the fonts in `fonts/`, so that it looks the same everywhere."""
    import resvg_py  # a compiled renderer, needed for PNG only

    found = [str(_FONTS / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
    return resvg_py.svg_to_bytes(svg_string=text, font_files=found, skip_system_fonts=True, zoom=_ZOOM)
