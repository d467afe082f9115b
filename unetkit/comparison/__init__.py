"""Two networks compared: their settings, their costs in total and by level, and both in one drawing or page."""

from __future__ import annotations

from unetkit.comparison.comparison import Comparison, Costs, LevelCosts, changed_components, compare
from unetkit.comparison.output import write_comparison

__all__ = ["Comparison", "Costs", "LevelCosts", "changed_components", "compare", "write_comparison"]
