"""A YAML file is a U-Net: define, compare and extend U-Nets as specs that are validated, planned and built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unetkit.errors import AlignmentWarning, BlockError, Fault, FileError, SizeError, SpecError, UnetkitError
from unetkit.planning import Plan, plan
from unetkit.registry import register
from unetkit.spec import Spec, load

if TYPE_CHECKING:
    from unetkit.model import build, load_model, save

__all__ = [
    "AlignmentWarning",
    "BlockError",
    "Fault",
    "FileError",
    "Plan",
    "SizeError",
    "Spec",
    "SpecError",
    "UnetkitError",
    "build",
    "load",
    "load_model",
    "plan",
    "register",
    "save",
]
__version__ = "0.1.0"

_NEEDS_TORCH = ("build", "load_model", "save")


def __getattr__(name: str) -> Any:
    """Returns what needs torch, imported at its first use: torch takes seconds, and most commands never need it."""
    if name in _NEEDS_TORCH:
        from unetkit import model

        return getattr(model, name)
    raise AttributeError(f"module 'unetkit' has no attribute {name!r}")
