"""What each part of a spec is read from, for variants of a spec that have most of their parts in common.

The component of a position is read from the slots of its scopes alone. Nothing else of a spec decides it, as long as
the topology, heads and inputs have no components of their own, and the file defines none.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from unetkit.block import Component
from unetkit.document.merge import KeyPath
from unetkit.document.reading import Reading
from unetkit.errors import SpecError
from unetkit.language.cascade import scope_paths, scopes, written
from unetkit.language.loading import SpecLoader
from unetkit.language.spec import Spec
from unetkit.language.spec_keys import EncoderKeys, SpecKeys
from unetkit.topology import Layout, Position

SLOTS = ("block", "down", "up", "skip", "norm", "act", "head")
_SECTIONS = ("encoder", "decoder", "bottleneck")

SlotPath: TypeAlias = KeyPath
"""The path of a scope and a slot in it, such as ("levels", 0, "block")."""


def slot_path(path: KeyPath) -> SlotPath | None:
    """The slot that a path leads into; None where it leads elsewhere, or to several slots.

    >>> slot_path(("levels", 0, "encoder", "block", "kernel")), slot_path(("levels", 0))
    (('levels', 0, 'encoder', 'block'), None)
    """
    scope = 0
    if path[0] == "levels" and len(path) > 2:
        scope = 3 if path[2] in ("encoder", "decoder") else 2
    elif path[0] in _SECTIONS:
        scope = 1
    return path[: scope + 1] if len(path) > scope and path[scope] in SLOTS else None


class PartRead(NamedTuple):
    """The component of a position, None where it is wrong, and the paths of the values that it was read from."""

    part: Component | None
    used: frozenset[KeyPath]


class SeparateParts(NamedTuple):
    """A spec, None where it is invalid, with its layout, and the part of each placement of that.

    `slots` are, for each part, those that it is read from. `used` are the paths of values that were used besides those
    of parts. `needed` are those that must be used, because nothing that is written may be without effect. `levels` is
    the number of levels that there are.
    """

    spec: Spec | None
    layout: Layout
    parts: tuple[PartRead, ...]
    slots: tuple[tuple[SlotPath, ...], ...]
    used: frozenset[KeyPath]
    needed: tuple[KeyPath, ...]
    levels: int


class SeparableLoader(SpecLoader):
    """Reads a spec, and keeps what each part was read from."""

    found: SeparateParts | None = None
    num_levels = 0

    def separate(self, name: str) -> SeparateParts | None:
        """The parts of the spec; None where they depend on each other, or too much is wrong to read them."""
        try:
            spec = self.spec(name)
        except SpecError:
            return self.found
        return self.found and self.found._replace(spec=spec)

    def channels(self, keys: SpecKeys, encoder: Reading | None) -> tuple[int, ...]:
        found = super().channels(keys, encoder)
        self.num_levels = len(found)
        return found

    def parts(self, keys: SpecKeys, network: Layout) -> tuple[dict[str, Component], dict[str, dict[KeyPath, KeyPath]]]:
        sound, used = not self.faults and _is_separable(keys, network), frozenset(self.used)
        found = super().parts(keys, network)
        if sound:
            self.found = SeparateParts(
                None,
                network,
                tuple([self.part_read(keys, position) for position in network.positions]),
                tuple([_slots(keys, position) for position in network.positions]),
                used,
                tuple([path for path in written(keys) if self.is_needed(path)]),
                self.num_levels,
            )
        return found

    def part_read(self, keys: SpecKeys, position: Position) -> PartRead:
        """The part of a position."""
        block = self.block(position.slot, scopes(keys, position))
        return PartRead(block.part, frozenset(block.used))

    def is_needed(self, path: KeyPath) -> bool:
        """Whether the value at a path must have an effect."""
        is_between_levels = path[0] in ("down", "up", "skip")
        return not (self.filled(path) or not self.is_own(*path) or (self.num_levels == 1 and is_between_levels))


def _slots(keys: SpecKeys, position: Position) -> tuple[SlotPath, ...]:
    """The slots that the component of a position is read from."""
    return tuple([(*scope, slot) for scope in scope_paths(keys, position) for slot in (position.slot, "norm", "act")])


def _is_separable(keys: SpecKeys, network: Layout) -> bool:
    """Whether the components of positions depend on the slots of their scopes alone."""
    simple = keys.heads is None and not (keys.inputs or keys.define or keys.plugins)
    own_blocks = keys.encoder is None or isinstance(keys.encoder, EncoderKeys)
    plain_topology = not any(isinstance(value, dict | tuple) for value in keys.topology.values())
    return simple and own_blocks and plain_topology and network.open_positions == network.positions
