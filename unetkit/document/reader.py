"""The one reader of YAML files: keys by a pydantic model, slots by registered components, faults in file order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn, TypeVar

from pydantic import ValidationError

from unetkit import registry
from unetkit.block import Component, insets
from unetkit.document.document import Document
from unetkit.document.faults import faults_of, shown
from unetkit.document.keys import Keys
from unetkit.document.merge import Key, KeyPath, as_lists, without
from unetkit.errors import BlockError, Fault, SpecError, UnetkitError
from unetkit.plugins.distributions import namespace

K = TypeVar("K", bound=Keys)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class SlotChoice(NamedTuple):
    """A component as it was written: type and parameters, and for each of them the path where it was written."""

    values: dict[str, Any]
    origins: dict[KeyPath, KeyPath]


def _chosen_at(values: dict[str, Any], path: KeyPath) -> SlotChoice:
    """The choice of a component that is written as a whole at one path."""
    origins: dict[KeyPath, KeyPath] = {(): path}
    open_maps: list[tuple[KeyPath, dict[str, Any]]] = [((), values)]
    for inside, part in open_maps:
        for key, value in part.items():
            origins[*inside, key] = (*path, *inside, key)
            if isinstance(value, dict):
                open_maps.append(((*inside, key), value))
    return SlotChoice(values, origins)


def source_path(origins: Mapping[KeyPath, KeyPath], path: KeyPath) -> KeyPath:
    """The path where the value at a path inside a component was written; of its type where it was not written."""
    while path and path not in origins:
        path = path[:-1]
    known = path if path in origins else ("type",) if ("type",) in origins else next(iter(origins), ())
    origin = origins.get(known, ())
    return origin[: len(origin) - len(known) + len(path)]


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
                        self.fault(fault, *path, *where, key=fault.code == "unknown-key")
                    values = {**stand_in, **without(values, where[:1] if attempt else where)}
        self.stop()

    def read_slot(self, slot: str, values: dict[str, Any], *path: Key) -> Any:
        """The component that is written at a path; None, with faults collected, where it is wrong."""
        part = self.read_component(slot, _chosen_at(values, path))
        for name, reason in part.idle().items() if part else ():
            if name in values:
                self.no_effect(f": {reason}", *path, name)
        return part

    def read_component(
        self, slot: str, choice: SlotChoice, inherited: Mapping[str, SlotChoice] = _NOTHING
    ) -> Component | None:
        """The component of a choice; None, with faults collected, where it is wrong.

        `inherited` has the choices for inner slots that the component leaves to its surroundings. Parameters without
        effect are dropped: what they were inherited for is elsewhere.
        """
        model = self.model(slot, choice)
        if model is None:
            return None
        values = {name: value for name, value in choice.values.items() if name != "type"}
        sound = self.fill_insets(model, values, choice, inherited)
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
        for field, message, cure in part.faults(self.dims):
            self.fault(Fault("wrong-value", message, cure=cure), *source_path(choice.origins, (field,)))
            sound = False
        return part if sound else None

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
                absent = fault.code == "plugin-missing"
                fault = registry.unknown(slot, kind, self.pins) if absent else fault
                self.fault(fault, *source_path(choice.origins, at))
            return None
        self.models[slot, kind] = model
        self.types[model] = registry.full_name(slot, kind)
        entry = registry.offer(slot, kind)
        if entry is not None:
            self.plugins[entry.distribution] = entry.version
        return model

    def fill_insets(
        self, model: type[Component], values: dict[str, Any], choice: SlotChoice, inherited: Mapping[str, SlotChoice]
    ) -> bool:
        """Puts components in place of the values of inner slots; returns whether all are sound."""
        sound = True
        for name, inset in insets(model).items():
            written = values.get(name)
            if isinstance(written, dict):
                inner = SlotChoice(
                    written, {path[1:]: at for path, at in choice.origins.items() if path[:1] == (name,)}
                )
            elif isinstance(written, str):
                inner = SlotChoice({"type": written}, {("type",): choice.origins.get((name,), ())})
            elif name not in values and inset.inherited and inset.slot in inherited:
                inner = inherited[inset.slot]
            else:
                continue
            part = values[name] = self.read_component(inset.slot, inner)
            if part is None:
                sound = False
                del values[name]
        return sound

    def check_pins(self, *path: Key) -> None:
        """Collects distributions of which another version is installed than the one that the file was made with."""
        installed = {namespace(name): version for name, version in self.plugins.items()}
        for owner, pin in self.pins.items():
            version = installed.get(namespace(owner), pin)  # a distribution that nothing comes from has no say
            if version != pin:
                message = f"this was made with {owner} {pin}, installed is {version}"
                cure = f"Install it: pip install {owner}=={pin}. Or change the version here, if that is meant."
                self.fault(Fault("plugin-version", message, cure=cure), *path, owner)


def written_form(part: Component, types: Mapping[type[Component], str], *, nulls: bool = False) -> dict[str, Any]:
    """A component as a map with its type and every parameter that has an effect; null ones only with `nulls`."""
    inner, idle = insets(type(part)), part.idle()
    form: dict[str, Any] = {"type": types.get(type(part)) or registry.name_of(type(part))}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if name not in idle and (nulls or value is not None):
            form[name] = written_form(value, types, nulls=nulls) if name in inner else as_lists(value)
    return form
