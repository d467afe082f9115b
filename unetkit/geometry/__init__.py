"""Integers only: sizes, intervals, grids and residue classes along one axis. Nothing here knows a network."""

from unetkit.geometry.affine import Affine, DigitChoice, Drifting, Number, Refinement, Unsettled, fixed
from unetkit.geometry.grid import PIXELS, Grid
from unetkit.geometry.interval import EVERYWHERE, Interval
from unetkit.geometry.limits import Limit, at_least, equal
from unetkit.geometry.residues import Run, SizeSet, solve
from unetkit.geometry.union import collect

__all__ = [
    "EVERYWHERE",
    "PIXELS",
    "Affine",
    "DigitChoice",
    "Drifting",
    "Grid",
    "Interval",
    "Limit",
    "Number",
    "Refinement",
    "Run",
    "SizeSet",
    "Unsettled",
    "at_least",
    "collect",
    "equal",
    "fixed",
    "solve",
]
