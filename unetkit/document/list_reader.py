"""Reads lists of components: each item is a component or a list, with its channels and how often it is repeated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from unetkit import registry
from unetkit.document.choice import SlotChoice, source_path
from unetkit.document.faults import shown
from unetkit.document.merge import KeyPath
from unetkit.document.reading import Reading
from unetkit.errors import BlockError, Fault
from unetkit.sequence import (
    LIST_SLOTS,
    OF_SKIP,
    SIZED_SLOTS,
    Sequence,
    SequenceItem,
    is_channels,
    item_slots,
    sequence_class,
)

if TYPE_CHECKING:
    from unetkit.document.reader import Reader

_ITEM_KEYS = ("channels", "repeat", "slot")
_MOST_REPEATS = 256


class _Item(NamedTuple):
    """An item of a list, and what was noted while it was read."""

    item: SequenceItem
    reading: Reading


class ListReader:
    """Reads lists for a reader. `inherited` has what the words `norm` and `act` stand for."""

    def __init__(self, reader: Reader, inherited: Mapping[str, SlotChoice]) -> None:
        self.reader = reader
        self.inherited = inherited

    def read(self, slot: str, choice: SlotChoice, *, whole: bool = True) -> Reading | None:
        """The list of a choice, for a slot; None, with faults collected, where something in it is wrong.

        A part of a list, not the `whole`, need not do what the slot is for.
        """
        if slot not in LIST_SLOTS:
            message = f"{slot} takes one component, not a list"
            self.reader.fault(Fault("wrong-type", message), *source_path(choice.origins, ()))
            return None
        read = [self.items(slot, choice.within(number)) for number in range(len(choice.values))]
        items = [one for several in read for one in several or ()]
        model = sequence_class(slot)
        self.reader.types[model] = "list"
        part = model(items=tuple([one.item for one in items]))
        used = set() if items else set(choice.origins.values())
        reading = Reading(part, {(): choice.origins.get((), ())}, used, {})
        for number, one in enumerate(items):
            reading.add(one.reading, (number,))
        for number, several in enumerate(read):
            if several == []:  # nothing, on purpose
                self.note_nothing(choice.within(number), reading)
        faults = list(part.faults(self.reader.dims)) if whole and None not in read else []
        for field, message, cure in faults:
            path: KeyPath = (int(field),) if field else ()
            self.reader.fault(Fault("wrong-value", message, cure=cure), *source_path(reading.origins, path))
        return None if faults or None in read else reading

    def note_nothing(self, choice: SlotChoice, reading: Reading) -> None:
        """Notes the use of an empty list, and of a definition that is one."""
        reading.used.update(choice.origins.values())
        if isinstance(choice.values, dict) and self.is_defined(kind := choice.values.get("type")):
            reading.used.add(("define", kind))

    def items(self, slot: str, choice: SlotChoice) -> list[_Item] | None:
        """The items that one entry of a list stands for; None, with faults collected, where it is wrong."""
        if isinstance(choice.values, tuple):
            return _spliced(self.read(slot, choice, whole=False))
        if not isinstance(choice.values, dict):
            message, cure = f"{shown(choice.values)} is no component", "Give a name, or a map with type and parameters."
            self.reader.fault(Fault("wrong-value", message, cure=cure), *source_path(choice.origins, ()))
            return None
        kind = choice.values.get("type")
        slots = self.slots(slot, choice)
        own = self.parameters(slots, kind)
        keys = {key: choice.values[key] for key in _ITEM_KEYS if key in choice.values and key not in own}
        if self.reader.is_network(self.defined_as(kind)) and isinstance(keys.get("channels"), dict | tuple):
            del keys["channels"]  # those of the network's own levels
        bare = SlotChoice({key: value for key, value in choice.values.items() if key not in keys}, choice.origins)
        items = self.without_keys(slot, slots, kind, bare) if slots else None
        if not self.are_sound(slot, keys, items, choice) or items is None:
            return None
        if "channels" in keys:
            items = [one._replace(item=one.item.model_copy(update={"channels": keys["channels"]})) for one in items]
        for one in items[:1]:
            for key in keys:
                one.reading.used.add(choice.origins[(key,)])
                one.reading.origins[key,] = choice.origins[(key,)]
        again = [one._replace(item=one.item.again()) for one in items if one.item.stays or not self.is_defined(kind)]
        repeat: int = keys.get("repeat", 1)
        return items + again * (repeat - 1)

    def slots(self, slot: str, choice: SlotChoice) -> tuple[str, ...]:
        """The slots that an entry may be of: the one that it says, or all; empty where it is wrong."""
        known, said = item_slots(slot), choice.values.get("slot")
        if said is None:
            return known
        if said in known:
            return (said,)
        message, cure = f"{shown(said)} is no slot of this list", f"Known: {', '.join(known)}."
        self.reader.fault(Fault("wrong-value", message, cure=cure), *choice.origins[("slot",)])
        return ()

    def parameters(self, slots: tuple[str, ...], kind: object) -> Collection[str]:
        """The parameters of the component of a name; empty where there is none."""
        if not isinstance(kind, str) or self.is_defined(kind):
            return ()
        own = registry.slot_of(kind, slots)
        try:
            return registry.find(own, kind).model_fields.keys() if own else ()
        except BlockError:  # which is a fault of its own
            return ()

    def is_defined(self, kind: object) -> TypeGuard[str]:
        """Whether the file itself defines what a name stands for."""
        return isinstance(kind, str) and kind in self.reader.definitions

    def defined_as(self, kind: object) -> object:
        """The type of the component that a defined name stands for; the name itself where it is none."""
        seen = set[str]()
        while self.is_defined(kind) and kind not in seen:
            seen.add(kind)
            values = self.reader.definitions[kind]
            kind = values.get("type") if isinstance(values, dict) else None
        return kind

    def are_sound(self, slot: str, keys: Mapping[str, Any], items: list[_Item] | None, choice: SlotChoice) -> bool:
        """Whether channels and repeats of an entry are sound; collects their faults."""
        message, cure, repeat, channels = "", "", keys.get("repeat", 1), keys.get("channels", 1)
        if type(repeat) is not int or not 1 <= repeat <= _MOST_REPEATS:
            message = f"{shown(repeat)} is not a whole number from 1 to {_MOST_REPEATS}"
            self.reader.fault(Fault("wrong-value", message), *choice.origins[("repeat",)])
        elif not is_channels(channels):
            message = f"{shown(channels)} is no number of channels"
            cure = "Give a number, input, or a multiple of the level's such as 0.5x."
            self.reader.fault(Fault("wrong-value", message, cure=cure), *choice.origins[("channels",)])
        elif channels == OF_SKIP and slot != "up":
            message = "only a list in the slot up knows the channels of the map that the skip merges"
            cure = "Give a number, input, or a multiple of the level's such as 0.5x."
            self.reader.fault(Fault("wrong-value", message, cure=cure), *choice.origins[("channels",)])
        elif "channels" in keys and items is not None:
            slots = [one.item.part.slot for one in items]
            if len(slots) != 1 or slots[0] not in SIZED_SLOTS:
                message = f"{'a list' if len(slots) != 1 else slots[0]} takes no channels"
                fault = Fault("unknown-key", message, cure="Leave channels out.")
                self.reader.fault(fault, *choice.origins[("channels",)], key=True)
        return not message

    def without_keys(self, slot: str, slots: tuple[str, ...], kind: object, choice: SlotChoice) -> list[_Item] | None:
        """The items of an entry without its channels and repeats."""
        if self.is_defined(kind):
            read = partial(self.read, slot, whole=False)
            return _spliced(self.reader.read_definition(kind, choice, lambda one: read(one.listed())))
        if isinstance(kind, str) and kind in self.inherited:
            reading = self.of_the_spec(kind, choice)
        else:
            own = registry.slot_of(kind, slots) if isinstance(kind, str) else slot
            own = "block" if own is None and self.reader.is_network(kind) else own
            if own is None:
                known = [*self.inherited, *self.reader.definitions]
                known += [name for each in slots[1:] for name in registry.names(each)]
                fault = registry.unknown(slot, str(kind), self.reader.pins, known)
                self.reader.fault(fault, *source_path(choice.origins, ("type",)))
                return None
            reading = self.reader.read(own, choice, self.inherited)
        return [_Item(SequenceItem(part=reading.part), reading)] if reading else None

    def of_the_spec(self, slot: str, choice: SlotChoice) -> Reading | None:
        """The norm or the activation of the spec, for which the name of its slot stands."""
        for key in choice.values.keys() - {"type"}:
            message, cure = f"{slot} stands for the {slot} of the spec", "Give its type to change it here."
            self.reader.fault(Fault("unknown-key", message, cure=cure), *choice.origins[(key,)], key=True)
        reading = self.reader.read(slot, self.inherited[slot]) if len(choice.values) == 1 else None
        if reading:
            reading.used.update(choice.origins.values())
        return reading


def _spliced(reading: Reading | None) -> list[_Item] | None:
    """The items of a list, each with what was noted for it."""
    if reading is None:
        return None
    assert isinstance(reading.part, Sequence), "only lists are spliced"
    found = []
    for number, item in enumerate(reading.part.items):
        origins = {path[1:]: origin for path, origin in reading.origins.items() if path[:1] == (number,)}
        found.append(_Item(item, Reading(item.part, origins, set(reading.used), dict(reading.reasons))))
    return found
