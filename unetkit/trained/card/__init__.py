"""Model cards: what a trained network is, what it was trained on, how well it does, and what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.trained.card.about import About, load_about
    from unetkit.trained.card.card import Card, CardImages, make_card
    from unetkit.trained.card.file import write_card

__all__ = ["About", "Card", "CardImages", "load_about", "make_card", "write_card"]

__getattr__ = lazy_names(
    __name__, {"about": ("About", "load_about"), "card": ("Card", "CardImages", "make_card"), "file": ("write_card",)}
)
