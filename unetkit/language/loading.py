"""From YAML to a spec: the keys first, then the component of each position, and what has no effect."""

from __future__ import annotations

import copyreg
import os
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from unetkit import registry
from unetkit.block import BASES, ByValue, Component
from unetkit.document.choice import SlotChoice, chosen_at, source_path
from unetkit.document.document import Document, Find, from_values, override, parse, read
from unetkit.document.expected import expectation
from unetkit.document.keys import Bare
from unetkit.document.kinds import expect_kind
from unetkit.document.merge import Key, KeyPath, plain, without_removed
from unetkit.document.reader import Reader
from unetkit.document.reading import Reading
from unetkit.errors import BlockError, Fault
from unetkit.language.backbone import backbone_of, default_decoder, encoder_scopes
from unetkit.language.cascade import Scopes, choose, scopes, written
from unetkit.language.find import SUFFIXES, find_spec
from unetkit.language.heads_reader import HeadsReader
from unetkit.language.inputs import INPUT_TYPES, ImageInput, TokenSequence, Vector
from unetkit.language.network_reader import NetworkReader
from unetkit.language.spec import Spec
from unetkit.language.spec_keys import MAX_LEVELS, EncoderKeys, SpecKeys
from unetkit.signal import NAME_RULE, is_name
from unetkit.topology import Backbone, Input, Layout, Topology, layout, readable


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

_STAND_IN = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": (1,) * MAX_LEVELS}
"""Values for wrong or missing keys, with which the rest of a spec is searched for faults."""
_NOTHING: Mapping[str, SlotChoice] = MappingProxyType({})
_MAX_BLOCKS = 4096
"""Largest number of blocks that are kept, one or two kB each."""


class _Block(NamedTuple):
    """The block of a position, None where it is wrong, and what was noted while it was read."""

    part: Component | None
    origins: dict[KeyPath, KeyPath]
    types: dict[type[Component], str]
    models: dict[tuple[str, str], type[Component]]
    plugins: dict[str, str]
    used: set[KeyPath]
    reasons: dict[KeyPath, str]

    def is_current(self) -> bool:
        """Whether all names still stand for the same classes."""
        try:
            return all(registry.find(*name) is model for name, model in self.models.items())
        except BlockError:
            return False


_blocks: dict[Any, _Block] = {}  # by what is written for them: specs have most of them in common


@lru_cache(_MAX_BLOCKS)
def _interned(key: ByValue) -> Component:
    """The component, or an earlier one that is equal, which takes no time to compare with itself."""
    return key.component


class SpecLoader(Reader):
    """Reads a spec."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.values = plain(without_removed(document.root))
        self.used: set[KeyPath] = set()
        self.reasons: dict[KeyPath, str] = {}
        self.blocks: dict[tuple[str, tuple[KeyPath, ...]], _Block] = {}

    @cached_property
    def written_definitions(self) -> str:
        """The definitions as text, the same for equal ones; asked for once all are checked."""
        return repr(self.definitions)

    def spec(self, name: str) -> Spec:
        """The spec; `name` where the document gives none."""
        defaults = self.topology_defaults()
        keys = self.read_keys(SpecKeys, _with_types(self.values, defaults), stand_in=_STAND_IN)
        if defaults:
            missing = {slot: Bare(type=kind) for slot, kind in defaults.items() if slot not in keys.model_fields_set}
            keys, given = keys.model_copy(update=missing), keys.model_fields_set
            keys.model_fields_set.intersection_update(given)
        if not keys.name:
            keys = keys.model_copy(update={"name": name})
        self.dims, self.pins, self.definitions = keys.dims, keys.plugins, keys.define
        self.check_definitions()
        encoder, backbone = self.encoder(keys)
        channels = self.channels(keys, encoder)
        topology = self.topology(keys)
        decoder = self.decoder_channels(keys, channels, encoder)
        inputs = self.inputs(keys)
        try:
            known = readable(topology, channels, decoder, tuple(inputs), backbone)
        except BlockError as error:
            self.collect(error, "topology")
            self.stop()
        reader = HeadsReader(self, keys, known)
        heads = reader.heads()
        network = layout(topology, channels, decoder, heads, tuple(inputs), backbone)
        parts, origins = self.parts(keys, network)
        origins |= reader.origins
        for scope in encoder_scopes(network):
            assert encoder is not None, "it is placed"
            parts[scope], origins[scope] = encoder.part, encoder.origins
        self.place_inputs(keys, inputs, network, parts, origins)
        self.check_pins("plugins")
        self.check_levels(keys, len(channels))
        self.check_unused(keys, len(channels))
        init, odd_sizes = (self.read_slot(slot, getattr(keys, slot), slot) for slot in ("init", "odd_sizes"))
        self.raise_faults()
        return Spec(
            keys,
            channels,
            decoder,
            topology,
            network,
            heads,
            parts,
            self.types,
            init,
            odd_sizes,
            self.document,
            origins,
            self.plugins,
        )

    def is_network(self, kind: object) -> bool:
        return isinstance(kind, str) and kind not in self.definitions and kind in registry.names("topology")

    def read(self, slot: str, choice: SlotChoice, inherited: Mapping[str, SlotChoice] = _NOTHING) -> Reading | None:
        if slot == "block" and isinstance(choice.values, dict) and self.is_network(choice.values.get("type")):
            return NetworkReader(self, choice, inherited).network()
        return super().read(slot, choice, inherited)

    def topology_defaults(self) -> Mapping[str, str]:
        """The components that the topology takes where the spec names none."""
        value = self.values.get("topology")
        name = value.get("type") if isinstance(value, dict) else value
        try:
            model: Any = registry.find("topology", name) if isinstance(name, str) else Topology
        except BlockError:  # which is a fault of its own
            model = Topology
        defaults: Mapping[str, str] = model.defaults
        return defaults

    def topology(self, keys: SpecKeys) -> Topology:
        """The topology; that of a U-Net, with faults collected, where it is wrong."""
        reading = self.read_around("topology", keys.topology, keys, "topology")
        topology: Any = reading.part if reading else registry.find("topology", "unet")()
        return topology  # type: ignore[no-any-return]  # what the slot says

    def encoder(self, keys: SpecKeys) -> tuple[Reading | None, Backbone | None]:
        """The encoder that is one component, and what a topology knows of it; none where it consists of blocks."""
        if keys.encoder is None or isinstance(keys.encoder, EncoderKeys):
            return None, None
        reading = self.read_around("encoder", keys.encoder, keys, "encoder")
        if reading is None:
            self.stop()
        part: Any = reading.part
        if part.local_file is not None:
            part = part.model_copy(update={"weights": self.absolute(part.local_file, "encoder", "weights")})
        return reading._replace(part=part), backbone_of(part, keys)

    def absolute(self, file: str, *path: Key) -> str:
        """A file from the folder of the YAML file that names it, or from the current one."""
        written_in = Path(self.document.node(*path).source.name)
        folder = written_in.parent if written_in.suffix in SUFFIXES else Path()
        return os.path.abspath(folder / file)

    def channels(self, keys: SpecKeys, encoder: Reading | None) -> tuple[int, ...]:
        """The channels of each level, where the encoder has no map those of the image."""
        if encoder is not None:
            if "channels" in self.values and self.is_own("channels"):
                self.no_effect(": the encoder has its own", "channels")
            part: Any = encoder.part
            return tuple([one.channels or keys.in_channels for one in part.used_levels])
        if keys.channels is None:
            wants = expectation(SpecKeys.model_fields["channels"]).removesuffix(", or null")
            self.fault(
                Fault("missing-key", "the key 'channels' is missing", cure=f"Give channels: {wants}."), "channels"
            )
            return (1,) * MAX_LEVELS
        return keys.channel_numbers()

    def read_around(self, slot: str, value: Any, keys: SpecKeys, *path: Key) -> Reading | None:
        """Reads a component that is no part of the cascade; blocks in it inherit norm and act of the whole network."""
        around = {name: chosen_at(getattr(keys, name), (name,)) for name in ("norm", "act")}
        reading = self.read(slot, chosen_at(value, path), around)
        if reading is not None:
            self.used |= reading.used
            for where, reason in reading.reasons.items():
                if where not in reading.used and where[: len(path)] == path:
                    self.no_effect(f": {reason}", *where)
        return reading

    def inputs(self, keys: SpecKeys) -> list[Input]:
        """The named inputs; faults are collected."""
        images = [one.channels for one in keys.inputs.values() if not one.is_beside]
        if images and sum(images) != keys.in_channels:
            message = f"the images have {' + '.join(map(str, images))} channels, in_channels is {keys.in_channels}"
            self.fault(Fault("wrong-value", message, cure=f"Set in_channels: {sum(images)}."), "inputs")
        found = []
        for name, one in keys.inputs.items():
            if not is_name(name) or name in ("x", "skip", "image"):
                cure = f"{NAME_RULE} x, skip and image have a meaning of their own."
                self.fault(Fault("wrong-value", f"{name!r} cannot name an input", cure=cure), "inputs", name, key=True)
            if one.embed is None:
                if one.width is not None:
                    self.no_effect(": nothing is embedded", "inputs", name, "width")
            elif not one.is_beside:
                self.no_effect(": only a vector or tokens are embedded", "inputs", name, "embed")
            if one.vector and one.tokens:
                self.no_effect(": a sequence of tokens is beside the image too", "inputs", name, "vector")
            embedding = 0 if one.embed is None else one.width or one.channels
            found.append(Input(name, one.values, one.is_beside, embedding, one.tokens or 0))
        return found

    def place_inputs(
        self,
        keys: SpecKeys,
        inputs: list[Input],
        network: Layout,
        parts: dict[str, Component],
        origins: dict[str, dict[KeyPath, KeyPath]],
    ) -> None:
        """Adds the components of the inputs, and collects the fault of an image that nothing reads."""
        if not inputs:
            return
        self.types |= INPUT_TYPES
        start, placed = 0, {position.scope for position in network.positions}
        for one in inputs:
            for scope in (one.scope, one.tokens_scope, one.embedding_scope):
                origins[scope] = {(): ("inputs", one.name)}
            if one.scope not in placed:
                message = f"the topology reads the image {next(iter(keys.inputs))} alone"
                cure = "Use a topology for several images, such as siamese."
                self.fault(Fault("no-effect", message, cure=cure), "inputs", one.name, key=True)
            parts[one.scope] = (
                Vector(channels=one.channels) if one.is_vector else ImageInput(start=start, channels=one.channels)
            )
            start += 0 if one.is_vector else one.channels
            if one.tokens:
                parts[one.tokens_scope] = TokenSequence(count=one.tokens)
            if one.embedding:
                reading = self.read_around("block", keys.inputs[one.name].embed, keys, "inputs", one.name, "embed")
                if reading is not None:
                    parts[one.embedding_scope] = reading.part
                    origins[one.embedding_scope] = reading.origins

    def parts(self, keys: SpecKeys, network: Layout) -> tuple[dict[str, Component], dict[str, dict[KeyPath, KeyPath]]]:
        """The block of each position, and where each of its parameters was written."""
        own = {one.position.scope: one.component for one in network.placements if one.component is not None}
        blocks = {
            position.scope: self.block(position.slot, scopes(keys, position)) for position in network.open_positions
        }
        parts = {scope: block.part for scope, block in blocks.items() if block.part is not None}
        origins = {scope: block.origins for scope, block in blocks.items()}
        return parts | own, origins | {scope: {(): ("topology",)} for scope in own}

    def block(self, slot: str, chain: Scopes) -> _Block:
        """The block that scopes choose, which specs that say the same there share."""
        place = slot, tuple([path for path, _ in chain])
        if place not in self.blocks:
            written = [[getattr(scope, name, None) for name in (slot, "norm", "act")] for _, scope in chain]
            key = self.dims, place, repr(written), self.written_definitions
            block = _blocks.get(key)
            if block is None or not block.is_current():
                block = self.read_block(slot, chain)
                if not self.faults:
                    _blocks[key] = block
                    if len(_blocks) > _MAX_BLOCKS:
                        del _blocks[next(iter(_blocks))]
            self.blocks[place] = block
            self.types |= block.types
            self.plugins |= block.plugins
            self.used |= block.used
            self.reasons = block.reasons | self.reasons
        return self.blocks[place]

    def read_block(self, slot: str, chain: Scopes) -> _Block:
        """Reads the block that scopes choose."""
        before = self.types, self.models, self.plugins
        self.types, self.models, self.plugins = {}, {}, {}
        choice = choose(chain, slot)
        inherited = {inner: choose(chain, inner) for inner in ("norm", "act")}
        lists = any(isinstance(getattr(scope, slot, None), tuple) for _, scope in chain)
        if lists and isinstance(choice.values, dict) and "type" not in choice.values:
            message, cure = f"the {slot} here is a list, which is replaced as a whole", "Give a list, or a type."
            self.fault(Fault("missing-key", message, cure=cure), *source_path(choice.origins, ()))
            reading = None
        else:
            reading = self.read(slot, choice, inherited)
        noted = self.types, self.models, self.plugins
        self.types, self.models, self.plugins = before
        if reading is None:
            return _Block(None, choice.origins, *noted, set(), {})
        part = _interned(ByValue(reading.part))
        return _Block(part, reading.origins, *noted, reading.used, reading.reasons)

    def decoder_channels(self, keys: SpecKeys, channels: tuple[int, ...], encoder: Reading | None) -> tuple[int, ...]:
        """The channels of the decoder's levels."""
        part: Any = encoder and encoder.part
        default = channels[:-1] if part is None else default_decoder(part)
        if any(fault.path.startswith("channels") for fault in self.faults):
            return default
        fault = keys.decoder_fault(len(default))
        if fault is not None:
            self.fault(fault, "decoder", "channels")
            return default
        return keys.decoder_numbers(default)

    def check_levels(self, keys: SpecKeys, depth: int) -> None:
        """Collects overrides of levels that the network does not have."""
        for level in keys.levels:
            if not 0 <= level < depth:
                message = f"there is no level {level}, the network has levels 0 to {depth - 1}"
                self.fault(Fault("unknown-level", message), "levels", level, key=True)

    def check_definitions(self) -> None:
        """Collects definitions with the name of a component, which they would hide, and leaves them out."""
        for name in list(self.definitions):
            slot = name if name in BASES else registry.slot_of(name, BASES)
            if slot is not None:
                message = f"{slot} {name!r} exists already"
                self.fault(Fault("define-taken", message, cure="Choose another name."), "define", name, key=True)
                self.definitions = {other: one for other, one in self.definitions.items() if other != name}

    def check_unused(self, keys: SpecKeys, depth: int) -> None:
        """Collects settings that have an effect nowhere: nothing is ignored in silence."""
        if self.faults:
            return
        for name in keys.define:
            if ("define", name) not in self.used and self.is_own("define", name):
                message = f"{name} has no effect: nothing uses it"
                self.fault(Fault("no-effect", message, cure="Use it, or remove it."), "define", name, key=True)
        for path in written(keys):
            if path[0] == "define" and path[:2] not in self.used:
                continue
            if path in self.used or self.filled(path) or (depth == 1 and path[0] in ("down", "up", "skip")):
                continue
            if not self.is_own(*path):
                continue  # it has been overridden, which is what files are extended for
            reason = self.reasons.get(path)
            if reason is not None:
                self.no_effect(f": {reason}", *path)
            else:
                message = "this has no effect: it is overridden wherever it could apply, or nothing here uses it"
                self.fault(Fault("no-effect", message, cure="Remove it, or what overrides it."), *path, key=True)

    def is_own(self, *path: Key) -> bool:
        """Whether the value at a path was written in the document itself, or in an override, and not inherited."""
        place = self.document.place(path)
        return place is None or place.file in (self.document.name, "--set")

    def filled(self, path: KeyPath) -> bool:
        """Whether a path leads to a type that was not written: that of a slot of which parameters alone are given."""
        value = self.document.root.value[path[0]][1].value if len(path) == 2 and path[1] == "type" else None
        return isinstance(value, dict) and "type" not in value


def _with_types(values: dict[Any, Any], defaults: Mapping[str, str]) -> dict[Any, Any]:
    """The keys of a spec, with the type of each slot of `defaults` of which parameters alone are given."""
    types = {
        slot: {"type": kind, **values[slot]}
        for slot, kind in defaults.items()
        if isinstance(values.get(slot), dict) and "type" not in values[slot]
    }
    return {**values, **types} if types else values
