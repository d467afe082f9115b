"""For tests of unetkit and of third-party blocks: `check_block`, and hypothesis strategies for specs and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unetkit.testing.battery import check_block, plugin_blocks
from unetkit.testing.report import Report

if TYPE_CHECKING:
    from unetkit.testing.strategies import at_or_above, blocks, sizes, specs

__all__ = ["Report", "at_or_above", "blocks", "check_block", "plugin_blocks", "sizes", "specs"]


def __getattr__(name: str) -> Any:
    """A strategy, imported at first use: the battery needs no hypothesis."""
    if name in ("at_or_above", "blocks", "sizes", "specs"):
        from unetkit.testing import strategies

        return getattr(strategies, name)
    raise AttributeError(f"module 'unetkit.testing' has no attribute {name!r}")
