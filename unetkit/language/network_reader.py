"""Reads a network that is a block: the frame of its keys, and the component of each of its positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from unetkit.document.choice import SlotChoice, source_path
from unetkit.document.faults import faults_of
from unetkit.document.keys import Bare
from unetkit.document.reading import Reading
from unetkit.language.cascade import Scopes, choose, scopes
from unetkit.language.inner_network import inner_network
from unetkit.language.spec_keys import FrameKeys
from unetkit.topology import Position, Topology, layout

if TYPE_CHECKING:
    from unetkit.document.reader import Reader


class NetworkReader:
    """Reads one network for the reader of a spec. `inherited` are norm and act of its surroundings."""

    def __init__(self, reader: Reader, choice: SlotChoice, inherited: Mapping[str, SlotChoice]) -> None:
        self.reader = reader
        self.choice = choice
        self.inherited = inherited
        self.read: dict[tuple[str, tuple[Any, ...]], Reading | None] = {}
        """What was read for a slot and the scopes that apply."""

    def network(self) -> Reading | None:
        """The network; None, with faults collected, where it is wrong."""
        model: Any = self.reader.model("topology", self.choice)
        values = {key: value for key, value in self.choice.values.items() if key != "type"}
        own = {key: values.pop(key) for key in list(values) if key in model.model_fields}
        for slot, kind in model.defaults.items():
            written = values.get(slot, {})
            if isinstance(written, dict) and "type" not in written:
                values[slot] = {"type": kind, **written} if written else Bare(type=kind)
        topology = self.reader.made(model, own, self.choice)
        keys = self.frame(values)
        if not isinstance(topology, Topology) or keys is None:
            return None
        channels = keys.channel_numbers()
        decoder, fault = keys.decoder_numbers(channels[:-1]), keys.decoder_fault(len(channels) - 1)
        if fault is not None:
            self.reader.fault(fault, *source_path(self.choice.origins, ("decoder", "channels")))
            return None
        positions = layout(topology, channels, decoder, ()).open_positions
        read = {position.scope: self.component(keys, position) for position in positions}
        sound = {scope: one for scope, one in read.items() if one is not None}
        if len(sound) < len(read):
            return None
        parts = tuple([(scope, one.part) for scope, one in sound.items()])
        block = inner_network(type(topology))
        self.reader.types[block] = self.choice.values["type"]
        part = block(topology=topology, channels=channels, decoder_channels=decoder, parts=parts)
        return self.reading(part, own, sound)

    def reading(self, part: Any, own: Mapping[str, Any], read: Mapping[str, Reading]) -> Reading:
        """What was read, with all that has an effect."""
        shape = [("type",), ("channels",), ("decoder", "channels"), *((key,) for key in own)]
        origins = self.choice.origins
        used = {origin for path, origin in origins.items() if any(path[: len(one)] == one for one in shape)}
        reading = Reading(part, dict(origins), used, {})
        for scope, one in read.items():
            reading.add(one, (scope,))
        return reading

    def frame(self, values: dict[str, Any]) -> FrameKeys | None:
        """The keys of its frame; None, with faults collected, where some are wrong."""
        try:
            return FrameKeys.model_validate(values)
        except ValidationError as error:
            for path, fault in faults_of(error, FrameKeys):
                where = source_path(self.choice.origins, path)
                self.reader.fault(fault, *where, key=fault.code == "unknown-key")
            return None

    def component(self, keys: FrameKeys, position: Position) -> Reading | None:
        """The component of a position; positions to which the same scopes apply share it."""
        chain = scopes(keys, position)
        place = position.slot, tuple([path for path, _ in chain])
        if place not in self.read:
            self.read[place] = self.reader.read(
                position.slot, self.chosen(chain, position.slot), self.norm_and_act(chain)
            )
        return self.read[place]

    def norm_and_act(self, chain: Scopes) -> dict[str, SlotChoice]:
        """The norm and the activation that blocks inherit: those of the network, or of what it is in."""
        own = {slot: self.chosen(chain, slot) for slot in ("norm", "act")}
        return {slot: choice if choice.values else self.inherited[slot] for slot, choice in own.items()}

    def chosen(self, chain: Scopes, slot: str) -> SlotChoice:
        """What the scopes choose for a slot, with places of the file in place of those within the network."""
        choice = choose(chain, slot)
        return choice._replace(
            origins={path: source_path(self.choice.origins, origin) for path, origin in choice.origins.items()}
        )
