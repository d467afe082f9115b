"""The colours of classes that have none of their own."""

from __future__ import annotations

from unetkit.data.data_keys import Colour

COLOURS: tuple[Colour, ...] = (
    (0, 0, 0),
    (86, 180, 233),
    (230, 159, 0),
    (240, 228, 66),
    (0, 158, 115),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
"""Okabe & Ito (2008): told apart with any colour vision. Class 0 is black."""
