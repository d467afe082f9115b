"""Model cards: what a trained network is, its training data, its scores, and its intended use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.trained.card.about import About, card_paths, load_about
    from unetkit.trained.card.card import Card, CardOptions, make_card
    from unetkit.trained.card.files import write_card

__all__ = ["About", "Card", "CardOptions", "card_paths", "load_about", "make_card", "write_card"]

__getattr__ = lazy_names(
    __name__,
    {
        "about": ("About", "card_paths", "load_about"),
        "card": ("Card", "CardOptions", "make_card"),
        "files": ("write_card",),
    },
)
