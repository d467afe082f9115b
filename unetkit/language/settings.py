"""The settings of a network: values, where they are or would be written, and what they replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from unetkit import registry
from unetkit.document.document import Written
from unetkit.document.keys import Keys
from unetkit.document.merge import KeyPath
from unetkit.errors import Place
from unetkit.language.cascade import scope_paths
from unetkit.language.spec import Spec
from unetkit.language.spec_keys import ChannelRule
from unetkit.topology import Input, Position

DESCRIPTIVE = ("unetkit", "name", "description", "paper", "plugins")
"""The keys that have no effect on the network."""


class Default(NamedTuple):
    """The value where none is written, and the name of the component that has it; empty for one of the language."""

    value: Any
    owner: str = ""


class Address(NamedTuple):
    """A path in a spec that leads into a slot: the scope that has the slot, the slot, and the path inside."""

    scope: KeyPath
    slot: str
    inside: KeyPath


@dataclass(frozen=True)
class Setting:
    """A setting as it counts at a position; without one, for the whole network."""

    path: KeyPath
    """Where it is written in the spec, or would be."""
    value: Any
    place: Place | None = None
    """The place in a file; None where it is not written."""
    default: Default | None = None
    """None where it must be written."""
    replaced: tuple[Written, ...] = ()
    """The values in whose place it stands: of narrower scopes and newer files first."""
    position: Position | None = None
    inside: KeyPath = ()
    """Its path in the component at the position."""
    inherited: Address | None = None
    """The norm or activation of the spec, if it belongs to one in a block that would inherit it."""
    used_at: Place | None = None
    """Where the name stands that brings it in: of a definition, or `norm` and `act` in a list."""
    unused: str = ""
    """Why it has no effect; empty where it has one."""


def address(spec: Spec, path: KeyPath, position: Position | None) -> Address | None:
    """What a path in the spec leads into at a position; None where it leads into no slot of a scope there."""
    for scope in reversed(scope_paths(spec.keys, position) if position else ()):
        if path[: len(scope)] == scope and len(path) > len(scope) and path[len(scope)] in registry.SLOTS:
            return Address(scope, str(path[len(scope)]), path[len(scope) + 1 :])
    return None


def simple_setting(
    spec: Spec, path: KeyPath, value: Any, default: Default | None, position: Position | None = None
) -> Setting:
    """A setting that no scope overrides, but files and `--set` do."""
    assert spec.document, "the spec comes from a document"
    place = spec.document.place(path) if spec.document.has(path) else None
    replaced = spec.document.history(path)[place is not None :]
    return Setting(path, value, place, default, tuple(replaced), position)


def plain_settings(spec: Spec) -> Iterator[Setting]:
    """Yields the settings that are no components."""
    keys = spec.keys
    for name in DESCRIPTIVE[:-1]:
        yield simple_setting(spec, (name,), getattr(keys, name), None)
    for name, version in keys.plugins.items():
        yield simple_setting(spec, ("plugins", name), version, None)
    yield from _fields(spec, (), keys, ("dims", "in_channels"))
    yield from _channels(spec)
    yield from _outputs(spec)
    for name, one in keys.inputs.items():
        for position in spec.layout.positions:
            if position.scope == Input(name, 1).scope:
                yield from _fields(spec, ("inputs", name), one, ("channels", "vector", "tokens", "width"), position)


def _outputs(spec: Spec) -> Iterator[Setting]:
    """Yields the settings of the outputs."""
    heads = spec.keys.heads or {}
    for output in spec.heads:
        own = heads.get(output.name)
        for position in spec.layout.positions:
            if position.scope == output.scope:
                channels = ("heads", output.name, "channels") if own and own.channels else ("out_channels",)
                yield simple_setting(spec, channels, output.channels, None, position)
                if own:
                    yield from _fields(spec, ("heads", output.name), own, ("at", "when"), position)


def _channels(spec: Spec) -> Iterator[Setting]:
    """Yields the channels of the levels at each position that is asked for them."""
    keys, decoder = spec.keys, spec.keys.decoder and spec.keys.decoder.channels
    if isinstance(keys.channels, ChannelRule):
        yield from _fields(spec, ("channels",), keys.channels, tuple(ChannelRule.model_fields))
    for position in spec.layout.open_positions:
        if position.slot not in ("block", "down", "up"):
            continue
        own = position.side == "decoder" and (bool(decoder) or spec.encoder is not None)
        if spec.encoder is not None and not own:
            continue  # the encoder has its own
        path: KeyPath = ("decoder", "channels") if own else ("channels",)
        numbers = spec.decoder_channels if own else spec.channels
        default = Default(spec.default_decoder_channels, spec.type_of(spec.encoder)) if spec.encoder else None
        yield simple_setting(spec, path, numbers, default, position)
        if own or isinstance(keys.channels, tuple):
            yield simple_setting(spec, (*path, position.level), numbers[position.level], None, position)


def _fields(
    spec: Spec, path: KeyPath, keys: Keys, names: tuple[str, ...], position: Position | None = None
) -> Iterator[Setting]:
    """Yields the settings of some fields of keys that stand at a path."""
    for name in names:
        field = type(keys).model_fields[name]
        default = None if field.is_required() else Default(field.get_default())
        yield simple_setting(spec, (*path, name), getattr(keys, name), default, position)
