"""Integers only: sizes, intervals, grids and residue classes along one axis. Nothing here knows a network."""

from unetkit.geometry.affine import Affine, Drifting, Number, Unsettled, fixed
from unetkit.geometry.grid import PIXELS, Grid
from unetkit.geometry.interval import EVERYWHERE, Interval
from unetkit.geometry.limits import Limit, at_least, equal
from unetkit.geometry.residues import Run, SizeSet, collect, solve, split

__all__ = [
    "EVERYWHERE",
    "PIXELS",
    "Affine",
    "Drifting",
    "Grid",
    "Interval",
    "Limit",
    "Number",
    "Run",
    "SizeSet",
    "Unsettled",
    "at_least",
    "collect",
    "equal",
    "fixed",
    "solve",
    "split",
]
