"""From names to components: built-in ones, those that a program registers, and those of installed plugins.

To list names, only metadata is read. A component is imported when it is first used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from unetkit.block import Component
from unetkit.errors import BlockError, Fault, did_you_mean
from unetkit.plugins import project, rules
from unetkit.plugins.distributions import (
    STRICT,
    PluginEntry,
    distributions,
    entries,
    misnamed,
    namespace,
    stray,
)

FAMILIES = (
    "unetkit.blocks",
    "unetkit.encoders",
    "unetkit.topologies",
    "unetkit.data",
    "unetkit.data.patches",
    "unetkit.data.splits",
    "unetkit.train.parts",
    "unetkit.engine",
)
"""The modules with a table of built-in components, `COMPONENTS`."""
BUILT_IN: dict[str, dict[str, str]] = {
    slot: components for family in FAMILIES for slot, components in import_module(family).COMPONENTS.items()
}
"""Slot → name → module:Class, as in an entry point."""
SLOTS = tuple(BUILT_IN)
"""The slots of a spec, of a data file, of a training and of a study."""

_registered: dict[tuple[str, str], type[Component]] = {}


@cache
def installed(slot: str) -> dict[str, list[PluginEntry]]:
    """The entry points of installed plugins for a slot, by bare and by full name."""
    by_name: dict[str, list[PluginEntry]] = {}
    for entry in entries(slot):
        for name in (entry.name, entry.full_name):
            by_name.setdefault(name, []).append(entry)
    return by_name


def offers(slot: str) -> list[PluginEntry]:
    """The entry points of installed plugins for a slot."""
    return list(dict.fromkeys(entry for same_name in installed(slot).values() for entry in same_name))


def forget() -> None:
    """Clears the caches, for programs that install or disable plugins while they run."""
    for cached in (distributions, installed, find, _check_all):
        cached.cache_clear()


def register(name: str, component: type[Component]) -> None:
    """Registers a class under a name for the rest of this program.

    Raises BlockError if another class has the name. To register a class again, after a reload, is no error.
    """
    rules.check_class(component, repr(name), SLOTS)
    slot, target = component.slot, _target_of(component)
    before = _registered.get((slot, name))
    owner = BUILT_IN[slot].get(name) or (_target_of(before) if before else target)
    if owner != target:
        message = f"{slot} {name!r} is {owner} already"
        raise BlockError(Fault("block-name-taken", message, cure="Choose another name."))
    _registered[slot, name] = component
    find.cache_clear()


def _target_of(component: type[Component]) -> str:
    """A class as an entry point writes it."""
    return f"{component.__module__}:{component.__qualname__}"


def load_plugin(reference: str) -> None:
    """Registers the components of a Python file or module, in this process and in those that it starts.

    Each has the name of its class in snake case, unless the file registers it under another. Raises BlockError.
    """
    own = list(project.own_blocks(project.load(reference)))
    for name, component in own:
        if component not in _registered.values():
            register(name, component)
    if not own:
        cure = "Derive a class from unetkit.plugin.Block, or make one of a module with unetkit.wrap."
        raise BlockError(Fault("plugin-empty", f"the plugin {reference} defines no block", cure=cure))
    project.request(reference)


@cache
def load_requested() -> None:
    """Loads the plugins that the command line names, once."""
    for reference in project.requested():
        load_plugin(reference)


def names(slot: str) -> list[str]:
    """All names of a slot: built-in and registered ones, and full names of plugins."""
    load_requested()
    registered = sorted(name for kind, name in _registered if kind == slot)
    return [*BUILT_IN[slot], *registered, *sorted({entry.full_name for entry in offers(slot)})]


def name_of(component: type[Component]) -> str:
    """The name of a class, such as that of the default of another component. Raises LookupError if it has none."""
    slot, target = component.slot, _target_of(component)
    known = {where: name for name, where in BUILT_IN[slot].items()}
    known |= {_target_of(own): name for (kind, name), own in _registered.items() if kind == slot}
    if target in known:
        return known[target]
    package = component.__module__.partition(".")[0]
    for entry in offers(slot):
        if entry.target.startswith(package) and imported(entry) is component:
            return entry.full_name
    raise LookupError(f"{component.__name__} has no registered name")


def offer(slot: str, name: str) -> PluginEntry | None:
    """The entry point of a plugin that a name stands for; None for built-in, registered and ambiguous names."""
    known = name in BUILT_IN[slot] or (slot, name) in _registered
    same_name = [] if known else installed(slot).get(name, [])
    return same_name[0] if len(same_name) == 1 else None


def full_name(slot: str, name: str) -> str:
    """The name with its namespace, which is the same whatever else is installed."""
    entry = offer(slot, name)
    return entry.full_name if entry else name


@cache
def find(slot: str, name: str) -> type[Component]:
    """The class of a component. Raises BlockError if there is none of that name, several, or a broken one."""
    if os.environ.get(STRICT, "0") not in ("", "0"):
        _check_all()
    if name in BUILT_IN[slot]:
        return _import_target(BUILT_IN[slot][name])  # type: ignore[no-any-return]  # the table lists components
    load_requested()
    own, same_name = _registered.get((slot, name)), installed(slot).get(name, [])
    if own is not None:
        same_name = [entry for entry in same_name if entry.target != _target_of(own)]
    owners = sorted({f"{entry.full_name} (of {entry.owner})" for entry in same_name})
    cure = "Write the full name."
    if own is not None and owners:
        owners = [f"{own.__module__}, which registers it,", f"by {owners[0]}"]
        cure = f"Write {same_name[0].full_name}, or register yours under another name."
    if len({entry.full_name for entry in same_name}) + (own is not None) > 1:
        message = f"{slot} {name!r} is offered by {' and '.join(owners)}"
        raise BlockError(Fault("block-ambiguous", message, cure=cure))
    if own is None and not same_name:
        raise BlockError(unknown(slot, name))
    return own or imported(same_name[0])


def slot_of(name: str, slots: Iterable[str]) -> str | None:
    """The first of some slots that has a component of a name; None where none has."""
    load_requested()
    return next((slot for slot in slots if name in names(slot) or name in installed(slot)), None)


def unknown(slot: str, name: str, pins: Mapping[str, str] | None = None, further: Iterable[str] = ()) -> Fault:
    """The fault of an unknown name. `pins` are the versions of plugins with which the file was written.

    `further` names are known where it stands.
    """
    space, _, bare = name.partition("/")
    plugin = next((one for one in distributions() if namespace(one.name) == space), None)
    if not bare or (plugin is not None and not plugin.disabled):
        known = [*names(slot), *further]
        near = did_you_mean(name, known)
        cure = near if near.startswith("Known") else f"{near} Known: {', '.join(known)}."
        return Fault(f"unknown-{slot.replace('_', '-')}", f"no {slot} is called {name!r}", cure=cure)
    if plugin is not None:
        message = f"{slot} {name!r} is of {plugin}, which UNETKIT_DISABLE_PLUGINS leaves out"
        return Fault("plugin-disabled", message, cure="Change UNETKIT_DISABLE_PLUGINS.")
    for owner, version in (pins or {}).items():
        if namespace(owner) == space:
            message = f"{slot} {name!r} is of the distribution {owner}, which is not installed"
            message += f"; this was made with {version}"
            return Fault("plugin-missing", message, cure=f"Install it: pip install {owner}=={version}")
    message = f"{slot} {name!r} is of the distribution unetkit-{space} or {space}, which is not installed"
    return Fault("plugin-missing", message, cure=f"Install it: pip install unetkit-{space}, or {space}.")


def _import_target(target: str) -> Any:
    """The object that an entry point names."""
    module, _, path = target.partition(":")
    value: Any = import_module(module)
    for attribute in path.split("."):
        value = getattr(value, attribute)
    return value


def imported(entry: PluginEntry) -> type[Component]:
    """The class of a plugin, imported and checked. Raises BlockError."""
    if fault := _metadata_fault(entry):
        raise BlockError(fault)
    what = f"{entry.slot} {entry.full_name!r} of {entry.owner}"
    try:
        value = _import_target(entry.target)
    except (Exception, SystemExit) as error:  # whatever a third party's module raises becomes a fault of the plugin
        reason = "; ".join(fault.message for fault in error.faults) if isinstance(error, BlockError) else str(error)
        message = f"{what} ({entry.target}) cannot be imported: {type(error).__name__}: {reason}"
        raise BlockError(Fault("block-import", message, cure=f"Repair or update {entry.distribution}.")) from error
    rules.check_class(value, what, SLOTS, entry.slot)
    return value  # type: ignore[no-any-return]  # checked above


def _metadata_fault(entry: PluginEntry) -> Fault | None:
    """The fault of an entry point that its metadata shows."""
    return misnamed(entry, BUILT_IN[entry.slot], installed(entry.slot).get(entry.full_name, []))


def entry_faults(entry: PluginEntry, *, imports: bool) -> tuple[Fault, ...]:
    """The faults of an entry point; without `imports`, those that its metadata shows."""
    fault = _metadata_fault(entry)
    if fault is not None or not imports:
        return (fault,) if fault else ()
    try:
        imported(entry)
    except BlockError as error:
        return error.faults
    return ()


@cache
def _check_all() -> None:
    """Raises BlockError with the first fault of any plugin that is not disabled."""
    for entry in (entry for slot in SLOTS for entry in offers(slot)):
        for fault in entry_faults(entry, imports=True):
            raise BlockError(fault)
    for distribution in distributions():
        for fault in () if distribution.disabled else stray(distribution, SLOTS):
            raise BlockError(fault)
