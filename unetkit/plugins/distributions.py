"""The entry points of installed distributions, by their metadata. Nothing is imported."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from unetkit.errors import Fault

if TYPE_CHECKING:
    from importlib.metadata import Distribution as Installed

_API = "v1"
"""The version of the plugin API; a distribution declares the one that it needs in the group `unetkit.plugin`."""

_DISABLE = "UNETKIT_DISABLE_PLUGINS"
"""Distributions (or namespaces) to disable, separated by commas; `all` disables all of them."""
STRICT = "UNETKIT_STRICT_PLUGINS"
"""Set to 1, a fault of any installed plugin is an error, whether it is used or not."""


class Offer(NamedTuple):
    """An entry point of a distribution: its group, its name, and the `module:Class` that it leads to."""

    group: str
    name: str
    target: str


class Distribution(NamedTuple):
    """An installed distribution that has entry points of unetkit."""

    name: str
    version: str
    offers: tuple[Offer, ...]

    @property
    def api(self) -> str:
        """The version of the plugin API that it needs; the first if it declares none."""
        return next((offer.target for offer in self.offers if (offer.group, offer.name) == ("plugin", "api")), "v1")

    @property
    def disabled(self) -> bool:
        """Whether the environment disables it."""
        words = {_normalized(word) for word in os.environ.get(_DISABLE, "").replace(",", " ").split()}
        return bool(words & {"all", _normalized(self.name), namespace(self.name)})

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class PluginEntry(NamedTuple):
    """A component of a distribution: its name and its class as an entry point names it."""

    slot: str
    name: str
    target: str
    distribution: str
    version: str = ""

    @property
    def full_name(self) -> str:
        """The name with the namespace of the distribution."""
        space = namespace(self.distribution)
        return f"{space}/{self.name}" if space else self.name

    @property
    def owner(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}".strip()


def _normalized(name: str) -> str:
    """The name of a distribution as package indexes compare it.

    >>> _normalized("Acme_Blocks")
    'acme-blocks'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def namespace(distribution: str) -> str:
    """The namespace of a distribution: its name without a leading `unetkit-`; empty for unetkit itself.

    >>> namespace("unetkit-acme")
    'acme'
    """
    name = _normalized(distribution)
    return "" if name == "unetkit" else name.removeprefix("unetkit-")


@cache
def distributions() -> tuple[Distribution, ...]:
    """The installed distributions with entry points of unetkit; of two with one name, the first on the path."""
    from importlib.metadata import distributions as all_installed  # 20 ms, which built-ins never need

    by_name: dict[str, Distribution] = {}
    for installed in all_installed():
        offers = tuple(_offered(installed))
        if offers:
            name, version = _name_and_version(installed)
            by_name.setdefault(_normalized(name), Distribution(name, version, offers))
    return tuple(by_name[name] for name in sorted(by_name) if name != "unetkit")


def _offered(installed: Installed) -> Iterator[Offer]:
    """Yields the entry points of a distribution. Their file is parsed only if it mentions unetkit."""
    if "[unetkit." in _text_of(installed, "entry_points.txt"):
        for point in installed.entry_points:
            space, _, group = point.group.partition(".")
            if space == "unetkit":
                yield Offer(group, point.name, point.value)


def _name_and_version(installed: Installed) -> tuple[str, str]:
    """Name and version of a distribution. Its metadata is not parsed as mail, which takes ten times as long."""
    text = _text_of(installed, "METADATA") or _text_of(installed, "PKG-INFO")
    name, version = (re.search(rf"^{key}:[ \t]*(\S+)", text, re.MULTILINE) for key in ("Name", "Version"))
    return name[1] if name else "unknown", version[1] if version else ""


def _text_of(installed: Installed, file: str) -> str:
    """The text of a file of the metadata; empty if it is missing or no text."""
    try:
        return installed.read_text(file) or ""
    except (OSError, UnicodeDecodeError):
        return ""


def group_of(slot: str) -> str:
    """The group of entry points, below `unetkit.`, of a slot.

    >>> group_of("split"), group_of("loss"), group_of("odd_sizes"), group_of("topology")
    ('splits', 'losses', 'odd_sizes', 'topologies')
    """
    if slot.endswith("y"):
        return f"{slot[:-1]}ies"
    return slot if slot.endswith("es") else f"{slot}es" if slot.endswith("ss") else f"{slot}s"


def entries(slot: str) -> list[PluginEntry]:
    """The entry points for a slot, except those of disabled distributions."""
    return [
        PluginEntry(slot, offer.name, offer.target, distribution.name, distribution.version)
        for distribution in distributions()
        if not distribution.disabled
        for offer in distribution.offers
        if offer.group == group_of(slot)
    ]


def stray(distribution: Distribution, slots: tuple[str, ...]) -> Iterator[Fault]:
    """Yields a fault for each entry point in a group that unetkit does not have."""
    known = [*map(group_of, slots), "plugin"]
    for offer in distribution.offers:
        if offer.group not in known:
            where = f"the group unetkit.{offer.group}, which does not exist"
            message = f"{distribution} has the entry point {offer.name!r} in {where}"
            cure = f"Groups: {', '.join(f'unetkit.{group}' for group in known)}."
            yield Fault("plugin-group", message, cure=cure)


def misnamed(entry: PluginEntry, known: dict[str, str], rivals: list[PluginEntry]) -> Fault | None:
    """The fault of an entry point; `known` are the built-in names, `rivals` all entry points of its full name."""
    what = f"{entry.slot} {entry.full_name!r} of {entry.owner}"
    api = next((one.api for one in distributions() if one.name == entry.distribution), _API)
    if api != _API:
        message = f"{what} is written for the plugin API {api}, this unetkit has {_API}"
        cure = f"Install a version of {entry.distribution} for {_API}, or a unetkit with {api}."
        return Fault("plugin-api", message, cure=cure)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", entry.name):
        message = f"{what} ({entry.target}) has a name that a spec cannot write"
        return Fault("block-name", message, cure="A name has small letters, digits and underscores, a letter first.")
    if entry.name in known:
        message = f"{what} ({entry.target}) has the name of a built-in, {known[entry.name]}"
        return Fault("block-name-taken", message, cure=f"{entry.distribution} must give it another name.")
    if len(rivals) > 1:
        owners = " and ".join(f"{rival.owner} ({rival.target})" for rival in rivals)
        message = f"{entry.slot} {entry.full_name!r} is offered by {owners}"
        return Fault("block-ambiguous", message, cure=f"Uninstall one of them, or disable one by {_DISABLE}.")
    return None
