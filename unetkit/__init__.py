"""A YAML file is a U-Net: define, compare and extend U-Nets as specs that are validated, planned and built."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unetkit.errors import AlignmentWarning, BlockError, Fault, FileError, SizeError, SpecError, UnetkitError
    from unetkit.language import Spec, load
    from unetkit.model import build, load_model, save
    from unetkit.planning import Plan, plan
    from unetkit.registry import register
    from unetkit.tiling import predict
    from unetkit.wrapping import ModuleFacts, wrap

__all__ = [
    "AlignmentWarning",
    "BlockError",
    "ModuleFacts",
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
    "predict",
    "register",
    "save",
    "wrap",
]
__version__ = "0.2.0.dev0"

HOMES = {
    "errors": ("AlignmentWarning", "BlockError", "Fault", "FileError", "SizeError", "SpecError", "UnetkitError"),
    "model": ("build", "load_model", "save"),
    "planning": ("Plan", "plan"),
    "registry": ("register",),
    "language": ("Spec", "load"),
    "tiling": ("predict",),
    "wrapping": ("ModuleFacts", "wrap"),
}
"""The module that each public name lives in, imported at its first use: torch takes seconds, pydantic a tenth."""


def __getattr__(name: str) -> Any:
    """A public name, imported at its first use."""
    for home, names in HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"unetkit.{home}"), name)
            return value
    raise AttributeError(f"module 'unetkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
