"""A YAML file is a U-Net: define, compare and extend U-Nets as specs that are validated, planned and built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.backends import optimize
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
    "optimize",
    "plan",
    "predict",
    "register",
    "save",
    "wrap",
]
__version__ = "0.2.0.dev0"

__getattr__ = lazy_names(
    __name__,
    {
        "backends": ("optimize",),
        "errors": ("AlignmentWarning", "BlockError", "Fault", "FileError", "SizeError", "SpecError", "UnetkitError"),
        "model": ("build", "load_model", "save"),
        "planning": ("Plan", "plan"),
        "registry": ("register",),
        "language": ("Spec", "load"),
        "tiling": ("predict",),
        "wrapping": ("ModuleFacts", "wrap"),
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
