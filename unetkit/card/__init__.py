"""Model cards: what a trained network is, what it was trained on, how well it does, and what it is for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unetkit.card.about import About, load_about
    from unetkit.card.card import Card, Images, make_card
    from unetkit.card.file import write_card

__all__ = ["About", "Card", "Images", "load_about", "make_card", "write_card"]

_HOMES = {"about": ("About", "load_about"), "card": ("Card", "Images", "make_card"), "file": ("write_card",)}


def __getattr__(name: str) -> Any:
    """Returns what is public, imported at its first use: torch takes seconds."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"unetkit.card.{module}"), name)
    raise AttributeError(f"module 'unetkit.card' has no attribute {name!r}")
