"""For tests of unetkit and of third-party blocks: `check_block`, and hypothesis strategies for specs and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names
from unetkit.testing.battery import check_block, plugin_blocks
from unetkit.testing.report import Report

if TYPE_CHECKING:
    from unetkit.testing.component_strategies import blocks
    from unetkit.testing.strategies import at_or_above, sizes, specs
    from unetkit.testing.wide_strategies import wide_specs

__all__ = ["Report", "at_or_above", "blocks", "check_block", "plugin_blocks", "sizes", "specs", "wide_specs"]

__getattr__ = lazy_names(  # hypothesis
    __name__,
    {
        "component_strategies": ("blocks",),
        "strategies": ("at_or_above", "sizes", "specs"),
        "wide_strategies": ("wide_specs",),
    },
)
