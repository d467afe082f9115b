"""Draws a plan as the U of Ronneberger et al. (2015), figure 1: `svg` gives the text, `draw` writes a file.

`draw_sheet` puts many on one sheet.
"""

from __future__ import annotations

from unetkit.draw.file import draw, pair_svg, svg, write_drawing
from unetkit.draw.markup import style as drawing_style
from unetkit.draw.pair import DrawnPlan
from unetkit.draw.sheet import draw_sheet, small_svg

__all__ = ["DrawnPlan", "draw", "draw_sheet", "drawing_style", "pair_svg", "small_svg", "svg", "write_drawing"]
