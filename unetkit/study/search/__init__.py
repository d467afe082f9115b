"""Search for networks under a budget: candidates are planned, filtered by exact limits, and thinned to a front."""

from __future__ import annotations

from unetkit.study.search.files import check_folder, is_written, write_front
from unetkit.study.search.limits import CostLimits, limits_of
from unetkit.study.search.searching import FoundFront, SearchOptions, search_front
from unetkit.study.search.space import SearchSpace, load_space
from unetkit.study.search.training import check_training

__all__ = [
    "CostLimits",
    "FoundFront",
    "SearchOptions",
    "SearchSpace",
    "check_folder",
    "check_training",
    "is_written",
    "limits_of",
    "load_space",
    "search_front",
    "write_front",
]
