"""From YAML to a spec: the keys first, then the component of each position, and what has no effect."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, NamedTuple

from unetkit import registry
from unetkit.block import Component, insets
from unetkit.document.document import Document, Find, from_values, override, parse, read
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import KeyPath
from unetkit.document.reader import Reader, SlotChoice
from unetkit.errors import BlockError, Fault
from unetkit.language.cascade import Scopes, choose, positions, scopes, written
from unetkit.language.find import find_spec
from unetkit.language.spec import Spec
from unetkit.language.spec_keys import MAX_LEVELS, SpecKeys


def load(source: str | PathLike[str] | Mapping[str, Any], overrides: Iterable[str] = ()) -> Spec:
    """The spec in a file, of a shipped name, or given as plain values; `overrides` are `path=VALUE`.

    Raises SpecError with everything that is wrong.

    >>> load("unet-2015", overrides=["skip.align=pad"]).parts["decoder.0.skip"].align
    'pad'
    """
    if isinstance(source, Mapping):
        return spec_of(override(from_values(source, find=find_spec), overrides))
    path = find_spec(str(source))
    document = read(path, find=find_spec)
    expect_kind(document, "spec")
    return spec_of(override(document, overrides), path.stem)


def from_text(text: str, name: str, overrides: Iterable[str] = (), *, find: Find = find_spec) -> Spec:
    """The spec in a YAML text; `name` is what messages call it, `find` finds what it extends."""
    return spec_of(override(parse(text, name, find=find), overrides))


def spec_of(document: Document, name: str = "unnamed") -> Spec:
    """The spec that a document holds; `name` where it gives none."""
    return SpecLoader(document).spec(name)


copyreg.pickle(Spec, lambda spec: (load, (spec.resolve(),)))

STAND_IN = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": (1,) * MAX_LEVELS}
"""Values for wrong or missing keys, with which the rest of a spec is searched for faults."""
FAMILIES = {
    slot: (*own, "encoder", "decoder", "bottleneck", "levels")
    for slot, own in {
        "block": ("block", "norm", "act"),
        "down": ("down",),
        "up": ("up",),
        "skip": ("skip",),
        "head": ("head",),
    }.items()
}
"""By slot, the keys of a spec that its blocks depend on."""


class Family(NamedTuple):
    """The blocks of one slot by position, None where one is wrong, and what was noted while they were read."""

    parts: dict[str, Component | None]
    origins: dict[str, dict[KeyPath, KeyPath]]
    types: dict[type[Component], str]
    models: dict[tuple[str, str], type[Component]]
    used: set[KeyPath]
    reasons: dict[KeyPath, str]
    plugins: dict[str, str]

    def is_current(self) -> bool:
        """Whether all names still stand for the same classes."""
        try:
            return all(registry.find(*name) is model for name, model in self.models.items())
        except BlockError:
            return False


MAX_FAMILIES = 4096
_families: dict[Any, Family] = {}  # by the settings on which they depend: specs have most of them in common


class SpecLoader(Reader):
    """Reads a spec."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.values = document.values()
        self.used: set[KeyPath] = set()
        self.reasons: dict[KeyPath, str] = {}
        self.choices: dict[tuple[str, tuple[KeyPath, ...]], SlotChoice] = {}
        self.built: dict[tuple[str, tuple[KeyPath, ...]], Component | None] = {}

    def spec(self, name: str) -> Spec:
        """The spec; `name` where the document gives none."""
        keys = self.read_keys(SpecKeys, self.values, stand_in=STAND_IN)
        if not keys.name:
            keys = keys.model_copy(update={"name": name})
        channels = keys.channel_numbers()
        self.dims, self.pins = keys.dims, keys.plugins
        parts, origins = self.parts(keys, len(channels))
        self.check_pins("plugins")
        self.check_levels(keys, len(channels))
        self.check_unused(keys, len(channels))
        init, odd_sizes = (self.read_slot(slot, getattr(keys, slot), slot) for slot in ("init", "odd_sizes"))
        decoder = self.decoder_channels(keys, channels)
        self.raise_faults()
        return Spec(keys, channels, decoder, parts, self.types, init, odd_sizes, self.document, origins, self.plugins)

    def parts(self, keys: SpecKeys, depth: int) -> tuple[dict[str, Component], dict[str, dict[KeyPath, KeyPath]]]:
        """The block of each position, and where each of its parameters was written."""
        families = {slot: self.family(slot, keys, depth) for slot in FAMILIES}
        self.types, self.used, self.reasons, self.plugins = {}, set(), {}, {}
        for family in families.values():
            self.types |= family.types
            self.used |= family.used
            self.reasons |= family.reasons
            self.plugins |= family.plugins
        origins = {one.scope: families[one.slot].origins[one.scope] for one in positions(depth)}
        parts = {one.scope: families[one.slot].parts[one.scope] for one in positions(depth)}
        return {scope: part for scope, part in parts.items() if part is not None}, origins

    def family(self, slot: str, keys: SpecKeys, depth: int) -> Family:
        """The blocks of a slot, which specs with the same settings for them share."""
        key = slot, depth, self.dims, repr([self.values.get(setting) for setting in FAMILIES[slot]])
        family = _families.get(key)
        if family is not None and family.is_current():
            return family
        family = Family({}, {}, {}, {}, set(), {}, {})
        self.types, self.models, self.used = family.types, family.models, family.used
        self.reasons, self.plugins = family.reasons, family.plugins
        for position in positions(depth):
            if position.slot == slot:
                family.parts[position.scope], choice = self.part(slot, scopes(keys, position))
                family.origins[position.scope] = choice.origins
        if not self.faults:
            _families[key] = family
            if len(_families) > MAX_FAMILIES:
                del _families[next(iter(_families))]
        return family

    def part(self, slot: str, chain: Scopes) -> tuple[Component | None, SlotChoice]:
        """The block that scopes choose, and how they choose it."""
        choice = self.choice(chain, slot)
        key = slot, tuple(path for path, _ in chain)
        if key in self.built:
            return self.built[key], choice
        inherited = {inner: self.choice(chain, inner) for inner in ("norm", "act") if slot == "block"}
        part = self.built[key] = self.read_component(slot, choice, inherited)
        if part is not None:
            self.note_use(part, choice, inherited)
        return part, choice

    def choice(self, chain: Scopes, slot: str) -> SlotChoice:
        """What the scopes say for a slot, remembered by the scopes."""
        key = slot, tuple(path for path, _ in chain)
        if key not in self.choices:
            self.choices[key] = choose(chain, slot)
        return self.choices[key]

    def note_use(self, part: Component, choice: SlotChoice, inherited: dict[str, SlotChoice]) -> None:
        """Notes which of the settings that chose a block have an effect in it, and why others have none."""
        idle = part.idle()
        for path, origin in choice.origins.items():
            if path[0] in idle:
                self.reasons.setdefault(origin, idle[str(path[0])])
            else:
                self.used.add(origin)
        for name, inset in insets(type(part)).items():
            if inset.inherited and name not in choice.values and name not in idle:
                self.used.update(inherited[inset.slot].origins.values())

    def decoder_channels(self, keys: SpecKeys, channels: tuple[int, ...]) -> tuple[int, ...]:
        """The channels of the decoder's levels."""
        wanted = len(channels) - 1
        own = keys.decoder.channels if keys.decoder else None
        if own is None or any(fault.path.startswith("channels") for fault in self.faults):
            return channels[:-1]
        if len(own) != wanted:
            message = f"{len(own)} numbers for {wanted} levels above the bottleneck"
            self.fault(Fault("wrong-length", message, cure=f"Give {wanted} numbers."), "decoder", "channels")
        return own

    def check_levels(self, keys: SpecKeys, depth: int) -> None:
        """Collects overrides of levels that the network does not have."""
        for level in keys.levels:
            if not 0 <= level < depth:
                message = f"there is no level {level}, the network has levels 0 to {depth - 1}"
                self.fault(Fault("unknown-level", message), "levels", level, key=True)

    def check_unused(self, keys: SpecKeys, depth: int) -> None:
        """Collects settings that have an effect nowhere: nothing is ignored in silence."""
        if self.faults:
            return
        for path in written(keys):
            if path in self.used or self.filled(path) or (depth == 1 and path[0] in ("down", "up", "skip")):
                continue
            reason = self.reasons.get(path)
            if reason is not None:
                self.no_effect(f": {reason}", *path)
            else:
                message = "this has no effect: it is overridden wherever it could apply, or nothing here uses it"
                self.fault(Fault("no-effect", message, cure="Remove it, or what overrides it."), *path, key=True)

    def filled(self, path: KeyPath) -> bool:
        """Whether a path leads to a type that was not written: that of a slot of which parameters alone are given."""
        value = self.document.root.value[path[0]][1].value if len(path) == 2 and path[1] == "type" else None
        return isinstance(value, dict) and "type" not in value
