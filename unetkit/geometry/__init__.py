"""Integers only: sizes, intervals, grids and residue classes along one axis. Nothing here knows a network."""

from unetkit.geometry.affine import Affine, Number, Unsettled
from unetkit.geometry.grid import Grid
from unetkit.geometry.interval import EVERYWHERE, Interval
from unetkit.geometry.limits import Limit, at_least, equal
from unetkit.geometry.residues import SizeSet, size_set

__all__ = [
    "EVERYWHERE",
    "Affine",
    "Grid",
    "Interval",
    "Limit",
    "Number",
    "SizeSet",
    "Unsettled",
    "at_least",
    "equal",
    "size_set",
]
