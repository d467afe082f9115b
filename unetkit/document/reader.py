"""The one reader of YAML files: keys by a pydantic model, slots by registered components, faults in file order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from unetkit import registry
from unetkit.block import Component, insets
from unetkit.document.choice import SlotChoice, chosen_at, overlay, source_path
from unetkit.document.document import Document
from unetkit.document.faults import faults_of, shown
from unetkit.document.keys import Keys
from unetkit.document.list_reader import ListReader
from unetkit.document.merge import Key, KeyPath, as_lists, without
from unetkit.document.misplaced import belonging
from unetkit.document.reading import Reading
from unetkit.errors import BlockError, Fault, SpecError, UnetkitError
from unetkit.plugins.distributions import namespace
from unetkit.sequence import Sequence, item_slots

K = TypeVar("K", bound=Keys)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Reader:
    """Reads one document and collects every fault on the way; a kind of file derives its own from it."""

    def __init__(self, document: Document, *, dims: int = 2) -> None:
        self.document = document
        self.dims = dims
        self.faults: list[Fault] = []
        self.types: dict[type[Component], str] = {}
        """The full name of each class of components."""
        self.models: dict[tuple[str, str], type[Component]] = {}
        """The class of each slot and name."""
        self.plugins: dict[str, str] = {}
        """Versions of the distributions that components come from, by name."""
        self.definitions: Mapping[str, Any] = {}
        """Components and lists that the file itself names."""
        self.open_definitions: list[str] = []
        """Those that are being read, the outer ones first."""
        self.pins: Mapping[str, str] = {}
        """Versions of the distributions that the file was made with."""

    def fault(self, fault: Fault, *path: Key, key: bool = False) -> None:
        """Collects a fault of the value (or the key) at a path."""
        place = self.document.place(path, key=key)
        self.faults.append(replace(fault, path=fault.path or ".".join(map(str, path)), place=fault.place or place))

    def no_effect(self, reason: str, *path: Key, cure: str = "") -> None:
        """Collects the fault of a key that changes nothing."""
        cure = cure or f"Leave {path[-1]} out."
        self.fault(Fault("no-effect", f"{path[-1]} has no effect{reason}", cure=cure), *path, key=True)

    def collect(self, error: UnetkitError, *path: Key) -> None:
        """Collects the faults of something that a path names."""
        self.faults += [fault.at(self.document.place(path)) for fault in error.faults]

    def raise_faults(self) -> None:
        """Raises SpecError with the collected faults, if any: those of the file itself first, in its order."""
        if self.faults:
            raise SpecError(*sorted(dict.fromkeys(self.faults), key=self.rank))

    def stop(self) -> NoReturn:
        """Raises SpecError where it is known that there are faults."""
        self.raise_faults()
        raise AssertionError("what cannot be read has faults")

    def rank(self, fault: Fault) -> tuple[Any, ...]:
        """What faults are sorted by."""
        return (fault.place.file != self.document.name, *fault.place[:3]) if fault.place else (False, "")

    def read_keys(
        self, model: type[K], values: Mapping[Any, Any], *path: Key, stand_in: Mapping[str, Any] = _NOTHING
    ) -> K:
        """The keys of a map; where some are wrong, what it is without them, so that one run shows all faults.

        `stand_in` has values for keys that must be there. Raises SpecError where that does not suffice.
        """
        for attempt in range(3):
            try:
                return model.model_validate(values)
            except ValidationError as error:
                for where, fault in faults_of(error, model):
                    if not attempt:
                        unknown = fault.code == "unknown-key"
                        hint = belonging(where[0], model, values) if unknown and len(where) == 1 else ""
                        self.fault(replace(fault, cure=hint or fault.cure), *path, *where, key=unknown)
                    values = {**stand_in, **without(values, where[:1] if attempt else where)}
        self.stop()

    def read_slot(self, slot: str, values: dict[str, Any], *path: Key) -> Any:
        """The component that is written at a path; None, with faults collected, where it is wrong."""
        part = self.read_component(slot, chosen_at(values, path))
        for name, reason in part.idle().items() if part else ():
            if name in values:
                self.no_effect(f": {reason}", *path, name)
        return part

    def read_component(
        self, slot: str, choice: SlotChoice, inherited: Mapping[str, SlotChoice] = _NOTHING
    ) -> Component | None:
        """The component of a choice; None, with faults collected, where it is wrong."""
        reading = self.read(slot, choice, inherited)
        return reading.part if reading else None

    def read(self, slot: str, choice: SlotChoice, inherited: Mapping[str, SlotChoice] = _NOTHING) -> Reading | None:
        """Reads the component of a choice, or a list of them; None, with faults collected, where it is wrong.

        `inherited` has the choices for inner slots that the component leaves to its surroundings. Parameters without
        effect are dropped: what they were inherited for is elsewhere.
        """
        if isinstance(choice.values, tuple):
            return ListReader(self, inherited).read(slot, choice)
        kind = choice.values.get("type")
        if isinstance(kind, str) and kind in self.definitions:
            return self.read_definition(kind, choice, lambda defined: self.read(slot, defined, inherited))
        model = self.model(slot, choice)
        if model is None:
            return None
        values = {name: value for name, value in choice.values.items() if name != "type"}
        inner = self.read_insets(model, values, choice, inherited)
        if inner is None:
            return None
        part = self.made(model, values, choice)
        if part is None:
            return None
        reading, idle = Reading(part, dict(choice.origins), set(), {}), part.idle()
        inner_names = {path[0] for path in inner}
        for path, origin in choice.origins.items():
            if path and path[0] in idle:
                reading.reasons.setdefault(origin, idle[str(path[0])])
            elif not path or path[0] not in inner_names:
                reading.used.add(origin)
        for path, one in inner.items():
            reading.add(one, path, idle.get(str(path[0])))
        return reading

    def is_network(self, kind: object) -> bool:
        """Whether a name stands for a network that may be a block; in most files none does."""
        return False

    def made(self, model: type[Component], values: dict[str, Any], choice: SlotChoice) -> Component | None:
        """The component with these parameters; None, with faults collected, where they are wrong."""
        context = {"dims": self.dims}
        try:
            part = model.model_validate(values, context=context)
            idle = part.idle()
            if idle.keys() & values.keys():
                values = {name: value for name, value in values.items() if name not in idle}
                part = model.model_validate(values, context=context)
        except ValidationError as error:
            for path, fault in faults_of(error, model):
                self.fault(fault, *source_path(choice.origins, path), key=fault.code == "unknown-key")
            return None
        faults = list(part.faults(self.dims))
        for field, message, cure in faults:
            self.fault(Fault("wrong-value", message, cure=cure), *source_path(choice.origins, (field,)))
        return None if faults else part

    def model(self, slot: str, choice: SlotChoice) -> type[Component] | None:
        """The class of a choice's type; None, with faults collected, where there is none."""
        kind, at = choice.values.get("type"), ("type",)
        if not isinstance(kind, str):
            cure = f"Give a type: {', '.join(registry.names(slot))}."
            missing = Fault("missing-key", f"no type is given for this {slot}", cure=cure)
            wrong = Fault("wrong-type", f"type {shown(kind)} is not the name of a {slot}", cure=cure)
            self.fault(missing if kind is None else wrong, *source_path(choice.origins, at[: kind is not None]))
            return None
        try:
            model = registry.find(slot, kind)
        except BlockError as error:
            for fault in error.faults:
                absent = fault.code in ("plugin-missing", f"unknown-{slot.replace('_', '-')}")
                fault = registry.unknown(slot, kind, self.pins, self.definitions) if absent else fault
                self.fault(fault, *source_path(choice.origins, at))
            return None
        self.models[slot, kind] = model
        self.types[model] = registry.full_name(slot, kind)
        entry = registry.offer(slot, kind)
        if entry is not None:
            self.plugins[entry.distribution] = entry.version
        return model

    def read_insets(
        self, model: type[Component], values: dict[str, Any], choice: SlotChoice, inherited: Mapping[str, SlotChoice]
    ) -> dict[KeyPath, Reading] | None:
        """Reads the components in inner slots and puts them in place of their values; None where one is wrong."""
        found: dict[KeyPath, Reading | None] = {}
        for name, inset in insets(model).items():
            written = values.get(name)
            if inset.branches:
                if isinstance(written, tuple):
                    branches = ListReader(self, inherited)
                    for number in range(len(written)):
                        found[name, number] = branches.read(inset.slot, choice.within(name, number).listed())
                    values[name] = tuple([one and one.part for at, one in found.items() if at[0] == name])
            elif isinstance(written, dict | str) or (inset.lists and isinstance(written, tuple)):
                found[name,] = self.read(inset.slot, choice.within(name), inherited)
            elif name not in values and inset.inherited and inset.slot in inherited:
                found[name,] = self.read(inset.slot, inherited[inset.slot])
            if one := found.get((name,)):
                values[name] = one.part
        sound = {path: one for path, one in found.items() if one is not None}
        return sound if len(sound) == len(found) else None

    def read_definition(
        self, name: str, choice: SlotChoice, read: Callable[[SlotChoice], Reading | None]
    ) -> Reading | None:
        """Reads what the file itself defines under a name, with the parameters of the choice merged in."""
        if name in self.open_definitions:
            circle = " -> ".join([*self.open_definitions[self.open_definitions.index(name) :], name])
            self.fault(Fault("define-cycle", f"{name} is defined by itself: {circle}"), "define", name, key=True)
            return None
        written = chosen_at(self.definitions[name], ("define", name))
        parameters = {key: value for key, value in choice.values.items() if key != "type"}
        if isinstance(written.values, tuple):
            for key in parameters:
                message, cure = f"{name} is a list, which has no parameters", "Change the list, or define another one."
                self.fault(Fault("unknown-key", message, cure=cure), *choice.origins.get((key,), ()), key=True)
            if parameters:
                return None
        else:
            values, own = dict(written.within().values), dict(written.origins)
            for key, value in parameters.items():
                overlay(values, {key: value}, (), own)
                own |= {path: origin for path, origin in choice.origins.items() if path[:1] == (key,)}
            written = SlotChoice(values, own)
        self.open_definitions.append(name)
        try:
            reading = read(written)
        finally:
            self.open_definitions.pop()
        if reading:
            reading.used.add(("define", name))
            reading.used.update(origin for path, origin in choice.origins.items() if path in ((), ("type",)))
        return reading

    def check_pins(self, *path: Key) -> None:
        """Collects distributions of which another version is installed than the one that the file was made with."""
        installed = {namespace(name): version for name, version in self.plugins.items()}
        for owner, pin in self.pins.items():
            version = installed.get(namespace(owner), pin)  # a distribution that nothing comes from has no say
            if version != pin:
                message = f"this was made with {owner} {pin}, installed is {version}"
                cure = f"Install it: pip install {owner}=={pin}. Or change the version here, if that is meant."
                self.fault(Fault("plugin-version", message, cure=cure), *path, owner)


def written_form(part: Component, types: Mapping[type[Component], str], *, nulls: bool = False) -> Any:
    """A component as a map with its type and every parameter that has an effect; null ones only with `nulls`.

    A list is a list of such maps, in which equal neighbours are one that is repeated.
    """
    if isinstance(part, Sequence):
        return _written_items(part, types, nulls=nulls)
    own = part.written(lambda other: written_form(other, types, nulls=nulls))
    if own is not None:
        return own
    inner, idle = insets(type(part)), part.idle()
    form: dict[str, Any] = {"type": types.get(type(part)) or registry.name_of(type(part))}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if name not in idle and (nulls or value is not None):
            if name not in inner or value is None:
                form[name] = as_lists(value)
            elif inner[name].branches:
                forms = [written_form(branch, types, nulls=nulls) for branch in value]
                form[name] = [one[0] if len(one) == 1 else one for one in forms]
            else:
                form[name] = written_form(value, types, nulls=nulls)
    return form


def _written_items(part: Sequence, types: Mapping[type[Component], str], *, nulls: bool) -> list[dict[str, Any]]:
    """The items of a list as maps."""
    forms: list[dict[str, Any]] = []
    for count, item in part.repeats():
        form = written_form(item.part, types, nulls=nulls)
        if registry.slot_of(form["type"], item_slots(part.slot)) not in (item.part.slot, None):
            form["slot"] = item.part.slot  # another slot of this list knows the name too
        form |= {"channels": item.channels} if item.channels is not None else {}
        forms.append(form | ({"repeat": count} if count > 1 else {}))
    return forms
