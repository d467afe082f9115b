"""A trained network: its file, prediction over image files, import, export, and its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.trained.modelfile import Trained

__all__ = ["Trained"]

__getattr__ = lazy_names(__name__, {"modelfile": ("Trained",)})
