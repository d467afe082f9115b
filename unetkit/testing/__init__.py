"""For tests of unetkit and of third-party blocks: `check_block`, and hypothesis strategies for specs and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names
from unetkit.testing.battery import check_block, plugin_blocks
from unetkit.testing.report import Report

if TYPE_CHECKING:
    from unetkit.testing.strategies import at_or_above, blocks, sizes, specs

__all__ = ["Report", "at_or_above", "blocks", "check_block", "plugin_blocks", "sizes", "specs"]

__getattr__ = lazy_names(__name__, {"strategies": ("at_or_above", "blocks", "sizes", "specs")})  # hypothesis
