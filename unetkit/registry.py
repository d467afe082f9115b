"""From names to blocks: the built-ins, what a program registers, and the entry points of installed distributions.

Only metadata is read to list names; the one block that a spec uses is imported, once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from unetkit.block import Component
from unetkit.errors import BlockError, Fault, did_you_mean
from unetkit.plugins import project, rules
from unetkit.plugins.distributions import (
    STRICT,
    Distribution,
    PluginEntry,
    distributions,
    entries,
    misnamed,
    namespace,
    stray,
)

FAMILIES = (
    "unetkit.blocks",
    "unetkit.data",
    "unetkit.data.patches",
    "unetkit.data.splits",
    "unetkit.train.parts",
)
"""The packages whose `COMPONENTS` list what is built in."""
BUILT_IN: dict[str, dict[str, str]] = {
    slot: components for family in FAMILIES for slot, components in import_module(family).COMPONENTS.items()
}
"""Slot → name → module:Class, in the form of an entry point."""
SLOTS = tuple(BUILT_IN)
"""All slots: those of a network's spec, of a data file, and of a training."""


@cache
def built_in(slot: str) -> dict[str, PluginEntry]:
    """Returns the built-in entries of a slot by name."""
    return {name: PluginEntry(slot, name, target, "unetkit") for name, target in BUILT_IN[slot].items()}


@cache
def installed(slot: str) -> dict[str, list[PluginEntry]]:
    """Returns what installed distributions offer for a slot, by bare and by full name. Reads metadata only."""
    found: dict[str, list[PluginEntry]] = {}
    for entry in entries(slot):
        for name in (entry.name, entry.full_name):
            found.setdefault(name, []).append(entry)
    return found


def offers(slot: str) -> list[PluginEntry]:
    """Returns what installed distributions offer for a slot, each once."""
    return list(dict.fromkeys(entry for found in installed(slot).values() for entry in found))


def forget() -> None:
    """Forgets what is installed, for programs in which something was installed or left out since."""
    for remembered in (distributions, installed, find, check_all):
        remembered.cache_clear()


_registered: dict[tuple[str, str], type[Component]] = {}


def register(name: str, block: type[Component]) -> None:
    """Makes a block class known under a name for the rest of this program.

    Raises BlockError where the name is taken by another class. To register the same class again is no error.
    """
    rules.check_class(block, repr(name), SLOTS)
    slot = block.slot
    if name in BUILT_IN[slot]:
        raise taken(slot, name, BUILT_IN[slot][name])
    before = _registered.get((slot, name))
    if before is not None and (before.__module__, before.__qualname__) != (block.__module__, block.__qualname__):
        raise taken(slot, name, f"{before.__module__}:{before.__qualname__}")
    _registered[slot, name] = block
    find.cache_clear()


def taken(slot: str, name: str, by: str) -> BlockError:
    """Returns the error for a second block of one name."""
    return BlockError(Fault("block-name-taken", f"{slot} {name!r} is {by} already", cure="Choose another name."))


def load_plugin(reference: str) -> None:
    """Registers the blocks of a Python file or module, here and in the processes that this one starts.

    Each has the name of its class in small letters, unless the file registers it under another. Raises BlockError.
    """
    found = list(project.own_blocks(project.load(reference)))
    known = set(_registered.values())
    for name, block in found:
        if block not in known:
            register(name, block)
    if not found:
        cure = "Derive a class from unetkit.plugin.Block, or make one of a module with unetkit.wrap."
        raise BlockError(Fault("plugin-empty", f"the plugin {reference} defines no block", cure=cure))
    project.request(reference)


@cache
def load_requested() -> None:
    """Loads the plugins that the command which started this process was given."""
    for reference in project.requested():
        load_plugin(reference)


def names(slot: str) -> list[str]:
    """Returns all known names of a slot: built-ins, registered ones, full names of installed ones."""
    load_requested()
    mine = [name for kind, name in _registered if kind == slot]
    theirs = {entry.full_name for entry in offers(slot)}
    return [*BUILT_IN[slot], *sorted(mine), *sorted(theirs)]


def name_of(block: type[Component]) -> str:
    """Returns the name of a class that was not found by one, as a default of another."""
    target = f"{block.__module__}:{block.__qualname__}"
    known = {where: name for name, where in BUILT_IN[block.slot].items()}
    if target in known:
        return known[target]
    registered = next((name for (_, name), kind in _registered.items() if kind is block), "")
    if registered:
        return registered
    package = block.__module__.partition(".")[0]
    for entry in offers(block.slot):
        if entry.target.startswith(package) and imported(entry) is block:
            return entry.full_name
    raise LookupError(f"{block.__name__} has no registered name")


def offer(slot: str, name: str) -> PluginEntry | None:
    """Returns the entry of an installed distribution that a name leads to; None for built-in and registered blocks."""
    if name in BUILT_IN[slot] or (slot, name) in _registered:
        return None
    found = installed(slot).get(name, [])
    return found[0] if len(found) == 1 else None


def full_name(slot: str, name: str) -> str:
    """Returns the name that stays the same whatever else is installed: with its namespace, for a block of others."""
    entry = offer(slot, name)
    return entry.full_name if entry else name


@cache
def find(slot: str, name: str) -> type[Component]:
    """Returns the block class of that name; raises BlockError where there is none, several, or a broken one."""
    if os.environ.get(STRICT, "0") not in ("", "0"):
        check_all()
    if entry := built_in(slot).get(name):
        return imported(entry)
    load_requested()
    found = installed(slot).get(name, [])
    if (slot, name) in _registered:
        own = _registered[slot, name]
        others = [entry for entry in found if entry.target != f"{own.__module__}:{own.__qualname__}"]
        if others:
            told = f"{others[0].full_name} (of {others[0].owner})"
            message = f"{slot} {name!r} is offered by {own.__module__}, which registers it, and by {told}"
            cure = f"Write {others[0].full_name}, or register yours under another name."
            raise BlockError(Fault("block-ambiguous", message, cure=cure))
        return own
    if len({entry.full_name for entry in found}) > 1:
        told = " and ".join(sorted(f"{entry.full_name} (of {entry.owner})" for entry in found))
        raise BlockError(Fault("block-ambiguous", f"{slot} {name!r} is offered by {told}", cure="Write the full name."))
    if found:
        return imported(found[0])
    raise BlockError(unknown(slot, name))


def unknown(slot: str, name: str, pins: Mapping[str, str] | None = None) -> Fault:
    """Returns the fault of a name that nothing here has. `pins`: versions of distributions that it was made with."""
    space, _, bare = name.partition("/")
    there = next((one for one in distributions() if namespace(one.name) == space), None)
    if not bare or (there is not None and not there.disabled):
        code = f"unknown-{slot.replace('_', '-')}"
        return Fault(code, f"no {slot} is called {name!r}", cure=nearest(slot, name))
    if there is not None:
        message = f"{slot} {name!r} is of {there}, which UNETKIT_DISABLE_PLUGINS leaves out"
        return Fault("plugin-disabled", message, cure="Change UNETKIT_DISABLE_PLUGINS.")
    made_with = next((f"{owner}=={pin}" for owner, pin in (pins or {}).items() if namespace(owner) == space), "")
    if made_with:
        owner, _, version = made_with.partition("==")
        message = (
            f"{slot} {name!r} is of the distribution {owner}, which is not installed; this was made with {version}"
        )
        return Fault("plugin-missing", message, cure=f"Install it: pip install {made_with}")
    message = f"{slot} {name!r} is of the distribution unetkit-{space} or {space}, which is not installed"
    return Fault("plugin-missing", message, cure=f"Install it: pip install unetkit-{space}, or {space}.")


def nearest(slot: str, name: str) -> str:
    """Returns the cure for an unknown name: the nearest one and all that are known."""
    known = names(slot)
    near = did_you_mean(name, known)
    every = f"Known: {', '.join(known)}."
    return near if near == every or near.startswith("Known") else f"{near} {every}"


def imported(entry: PluginEntry) -> type[Component]:
    """Returns the class of an entry, imported and checked."""
    module, _, attribute = entry.target.partition(":")
    if entry.distribution == "unetkit":
        return getattr(import_module(module), attribute)  # type: ignore[no-any-return]  # it stands in the table
    if fault := metadata_fault(entry):
        raise BlockError(fault)
    what = f"{entry.slot} {entry.full_name!r} of {entry.owner}"
    try:
        value: Any = import_module(module)
        for part in attribute.split("."):
            value = getattr(value, part)
    except (Exception, SystemExit) as error:  # whatever a third party's module raises, or an exit, is told as its fault
        reason = "; ".join(fault.message for fault in error.faults) if isinstance(error, BlockError) else str(error)
        message = f"{what} ({entry.target}) cannot be imported: {type(error).__name__}: {reason}"
        raise BlockError(Fault("block-import", message, cure=f"Repair or update {entry.distribution}.")) from error
    rules.check_class(value, what, SLOTS, entry.slot)
    return value  # type: ignore[no-any-return]  # checked above


def metadata_fault(entry: PluginEntry) -> Fault | None:
    """Returns what is wrong with an entry, as far as metadata says."""
    rivals = installed(entry.slot).get(entry.full_name, [])
    return misnamed(entry, BUILT_IN[entry.slot], rivals)


def faults_of(distribution: Distribution, *, imports: bool = True) -> Iterator[Fault]:
    """Yields all that is wrong with a distribution; without `imports`, all that its metadata says."""
    yield from stray(distribution, SLOTS)
    for slot in SLOTS:
        for entry in offers(slot):
            if entry.distribution == distribution.name:
                yield from entry_faults(entry, imports=imports)


def entry_faults(entry: PluginEntry, *, imports: bool) -> tuple[Fault, ...]:
    """Returns what is wrong with one entry."""
    fault = metadata_fault(entry)
    if fault is not None or not imports:
        return (fault,) if fault else ()
    try:
        imported(entry)
    except BlockError as error:
        return error.faults
    return ()


@cache
def check_all() -> None:
    """Raises BlockError with the first fault of anything that is installed and not left out."""
    for distribution in distributions():
        if not distribution.disabled:
            fault = next(faults_of(distribution), None)
            if fault is not None:
                raise BlockError(fault)
