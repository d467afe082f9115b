"""From names to blocks: the built-ins, what a program registers, and the entry points of installed distributions.

Only metadata is read to list names; the one block that a spec uses is imported, once.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from unetkit.block import Part
from unetkit.errors import BlockError, Fault, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BUILT_IN: dict[str, dict[str, str]] = {
    "block": {
        "single_conv": "unetkit.blocks.conv:SingleConv",
        "double_conv": "unetkit.blocks.conv:DoubleConv",
        "residual": "unetkit.blocks.conv:Residual",
        "convnext": "unetkit.blocks.convnext:ConvNeXt",
    },
    "down": {
        "max_pool": "unetkit.blocks.down:MaxPool",
        "avg_pool": "unetkit.blocks.down:AvgPool",
        "strided_conv": "unetkit.blocks.down:StridedConv",
    },
    "up": {
        "transposed_conv": "unetkit.blocks.up:TransposedConv",
        "interpolate": "unetkit.blocks.up:Interpolate",
        "pixel_shuffle": "unetkit.blocks.up:PixelShuffle",
    },
    "skip": {
        "concat": "unetkit.blocks.skip:Concat",
        "add": "unetkit.blocks.skip:Add",
        "attention": "unetkit.blocks.skip:Attention",
        "none": "unetkit.blocks.skip:NoSkip",
    },
    "norm": {
        "batch": "unetkit.blocks.norm:Batch",
        "instance": "unetkit.blocks.norm:Instance",
        "group": "unetkit.blocks.norm:Group",
        "layer": "unetkit.blocks.norm:LayerNorm",
        "none": "unetkit.blocks.norm:NoNorm",
    },
    "act": {
        "relu": "unetkit.blocks.act:ReLU",
        "leaky_relu": "unetkit.blocks.act:LeakyReLU",
        "prelu": "unetkit.blocks.act:PReLU",
        "elu": "unetkit.blocks.act:ELU",
        "gelu": "unetkit.blocks.act:GELU",
        "silu": "unetkit.blocks.act:SiLU",
        "mish": "unetkit.blocks.act:Mish",
        "identity": "unetkit.blocks.act:Identity",
    },
    "head": {
        "conv": "unetkit.blocks.head:Conv",
    },
    "dataset": {},
    "augmentation": {},
    "loss": {},
    "optimizer": {},
    "schedule": {},
}
"""slot → name → module:Class, in the form of an entry point."""

SLOTS = tuple(BUILT_IN)
"""All slots: those of a network's spec, which are `BASES`, and those of a training."""


class Entry(NamedTuple):
    """A block that a name leads to: where its class is, and the distribution that it comes from."""

    slot: str
    name: str
    target: str
    distribution: str

    @property
    def full_name(self) -> str:
        """The name with its namespace; built-ins have none."""
        space = namespace(self.distribution)
        return f"{space}/{self.name}" if space else self.name


def namespace(distribution: str) -> str:
    """Returns the namespace of a distribution: its name without a leading `unetkit-`; empty for unetkit itself.

    >>> namespace("unetkit-acme")
    'acme'
    """
    name = re.sub(r"[-_.]+", "-", distribution).lower()
    return "" if name == "unetkit" else name.removeprefix("unetkit-")


@cache
def built_in(slot: str) -> dict[str, Entry]:
    """Returns the built-in entries of a slot by name."""
    return {name: Entry(slot, name, target, "unetkit") for name, target in BUILT_IN[slot].items()}


@cache
def installed(slot: str) -> dict[str, list[Entry]]:
    """Returns what installed distributions offer for a slot, by bare and by full name. Reads metadata only."""
    from importlib.metadata import entry_points  # its import costs 20 ms, and built-ins never need it

    found: dict[str, list[Entry]] = {}
    for point in entry_points(group=f"unetkit.{slot}s"):
        entry = Entry(slot, point.name, point.value, owner(point))
        for name in {entry.name, entry.full_name}:
            found.setdefault(name, []).append(entry)
    return found


def owner(point: EntryPoint) -> str:
    """Returns the name of the distribution that an entry point belongs to."""
    return point.dist.name if point.dist is not None else "unknown"


_registered: dict[tuple[str, str], type[Part]] = {}


def register(name: str, block: type[Part]) -> None:
    """Makes a block class known under a name for the rest of this program.

    Raises BlockError where the name is taken by another class. To register the same class again is no error.
    """
    check_class(block, name)
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


def names(slot: str) -> list[str]:
    """Returns all known names of a slot: built-ins, registered ones, full names of installed ones."""
    mine = [name for kind, name in _registered if kind == slot]
    theirs = {entry.full_name for entries in installed(slot).values() for entry in entries}
    return [*BUILT_IN[slot], *sorted(mine), *sorted(theirs)]


def full_name(slot: str, name: str) -> str:
    """Returns the name that stays the same whatever else is installed: with its namespace, for a block of others."""
    if name in BUILT_IN[slot] or (slot, name) in _registered:
        return name
    return installed(slot)[name][0].full_name


@cache
def find(slot: str, name: str) -> type[Part]:
    """Returns the block class of that name; raises BlockError where there is none, several, or a broken one."""
    if entry := built_in(slot).get(name):
        return imported(entry)
    if (slot, name) in _registered:
        return _registered[slot, name]
    entries = installed(slot).get(name, [])
    if len(entries) == 1:
        return imported(entries[0])
    if entries:
        offers = " and ".join(sorted(f"{entry.full_name} (of {entry.distribution})" for entry in entries))
        raise BlockError(
            Fault("block-ambiguous", f"{slot} {name!r} is offered by {offers}", cure="Write the full name.")
        )
    raise BlockError(Fault("unknown-block", f"no {slot} is called {name!r}", cure=unknown(slot, name)))


def unknown(slot: str, name: str) -> str:
    """Returns the cure for an unknown name: the nearest one and all that are known."""
    known = names(slot)
    near = did_you_mean(name, known)
    every = f"Known: {', '.join(known)}."
    return near if near == every or near.startswith("Known") else f"{near} {every}"


def imported(entry: Entry) -> type[Part]:
    """Returns the class of an entry, imported and checked."""
    module, _, attribute = entry.target.partition(":")
    try:
        value: Any = getattr(import_module(module), attribute)
    except Exception as error:  # whatever a third party's module raises is told as its fault
        raise BlockError(
            Fault(
                "block-import",
                f"{entry.slot} {entry.full_name!r} of {entry.distribution} ({entry.target}) cannot be imported: "
                f"{type(error).__name__}: {error}",
                cure=f"Repair or update {entry.distribution}.",
            )
        ) from error
    if entry.distribution != "unetkit":
        check_class(value, entry.full_name, entry.slot)
    return value  # type: ignore[no-any-return]  # checked above; built-ins are in the table


def check_class(value: object, name: str, slot: str | None = None) -> None:
    """Raises BlockError unless the value is a block class (of the slot, where one is asked for)."""
    if not (isinstance(value, type) and issubclass(value, Part) and getattr(value, "slot", None) in SLOTS):
        raise BlockError(
            Fault("block-class", f"{name!r} is no block class: {value!r}", cure="Derive it from unetkit.block.Block.")
        )
    if slot is not None and value.slot != slot:
        raise BlockError(Fault("block-slot", f"{name!r} is a {value.slot}, not a {slot}"))
