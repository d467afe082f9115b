"""Writes a drawing as an SVG or PNG file; the PNG is rendered from the same SVG text."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from unetkit.draw.drawing import draw_plan
from unetkit.draw.markup import markup
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


def draw(sized_plan: SizedPlan, path: Path, *, title: str = "") -> None:
    """Writes the drawing of a plan as .svg or .png, whole or not at all.

    Raises FileError for another suffix and for a file that cannot be written.
    """
    suffix = suffix_of(Path(path))
    text = svg(sized_plan, title=title)
    write_whole(Path(path), png(text) if suffix == ".png" else text.encode())


def suffix_of(path: Path) -> str:
    """The suffix of a drawing, in lower case. Raises FileError for one that drawings do not have."""
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        message = f"{path}: a drawing is not written as {suffix or 'a file without a suffix'}"
        raise FileError(Fault("drawing-suffix", message, cure="Known: .png, .svg."))
    return suffix


def png(text: str) -> bytes:
    """SVG text rendered as PNG, with the fonts in `fonts/`, so that it looks the same everywhere."""
    import resvg_py  # a compiled renderer, needed for PNG only

    found = [str(_FONTS / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
    return resvg_py.svg_to_bytes(svg_string=text, font_files=found, skip_system_fonts=True, zoom=_ZOOM)
