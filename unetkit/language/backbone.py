"""An encoder that is one component, as the rest of a spec sees it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from unetkit.encoder import Encoder
from unetkit.topology import Backbone, Layout

if TYPE_CHECKING:
    from unetkit.language.spec_keys import SpecKeys


def backbone_of(encoder: Encoder, keys: SpecKeys) -> Backbone:
    """What a topology knows of an encoder.

    A level without a map has no skip, unless at full resolution the spec asks for one: it is then that of the image. A
    block follows the last level where the spec gives that of the bottleneck.
    """
    maps = tuple([one.channels > 0 for one in encoder.used_levels])
    asked = 0 in keys.levels and keys.levels[0].skip is not None
    ends = keys.bottleneck is not None and keys.bottleneck.block is not None
    return Backbone(tuple([one.stride for one in encoder.used_levels]), maps, (maps[0] or asked, *maps[1:]), ends)


def default_decoder(encoder: Encoder) -> tuple[int, ...]:
    """The channels of the decoder's levels where none are given: those of the encoder.

    At a level without a map half of the next coarser level's.
    """
    *found, last = [one.channels for one in encoder.used_levels]
    for level in reversed(range(len(found))):
        found[level] = found[level] or max(1, (found[level + 1] if level + 1 < len(found) else last) // 2)
    return tuple(found)


def encoder_scopes(network: Layout, levels: Collection[int] | None = None) -> tuple[str, ...]:
    """The scopes of all or some levels of the encoder, where that is one component."""
    encoder = [position for position in network.positions if position.slot == "encoder"]
    return tuple([one.scope for one in encoder if levels is None or one.level in levels])
