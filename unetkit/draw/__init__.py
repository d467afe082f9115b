"""Draws a plan as the U of Ronneberger et al. (2015), figure 1: `svg` gives the text, `draw` writes a file."""

from __future__ import annotations

from unetkit.draw.file import draw, svg

__all__ = ["draw", "svg"]
