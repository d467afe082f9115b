"""The settings of a network's components, which several scopes of a spec may set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from unetkit import registry
from unetkit.block import Component, Inset, insets
from unetkit.document.choice import SlotChoice, leaves
from unetkit.document.keys import default_types
from unetkit.document.merge import KeyPath
from unetkit.errors import Place
from unetkit.language.backbone import encoder_scopes
from unetkit.language.cascade import choose, scope_paths, scopes
from unetkit.language.inner_network import InnerNetwork
from unetkit.language.settings import Address, Default, Setting, address, simple_setting
from unetkit.language.spec import Spec
from unetkit.language.spec_keys import HeadKeys, SpecKeys
from unetkit.sequence import INHERITED, Sequence
from unetkit.topology import Input, Position


class _Leaf(NamedTuple):
    """A value in a component.

    `inside` counts the items of lists as they are written, with `repeat`; `read_at` as they are applied.
    """

    inside: KeyPath
    read_at: KeyPath
    value: Any
    default: Default | None = None
    unused: str = ""
    inherited: Address | None = None


def component_settings(spec: Spec) -> Iterator[Setting]:
    """Yields the settings of all components, in execution order."""
    fixed = dict(_fixed(spec))
    for slot in ("topology", "init", "odd_sizes"):
        for setting in _at_one_place(spec, getattr(spec, slot), (slot,), None):
            if setting.path[:2] not in fixed.values():
                yield setting
    for position in dict.fromkeys(spec.layout.positions):
        part = spec.parts[position.scope]
        if position.scope in fixed:
            yield from _at_one_place(spec, part, fixed[position.scope], position)
        elif position.side != "input":
            yield from _cascaded(spec, part, position)


def _fixed(spec: Spec) -> Iterator[tuple[str, KeyPath]]:
    """Yields the scopes of positions whose component is written at one path only, and that path."""
    for name, one in spec.keys.inputs.items():
        if one.embed is not None:
            yield Input(name, one.channels).embedding_scope, ("inputs", name, "embed")
    for head in spec.heads:
        if head.merge is not None:
            yield head.merge_scope, ("heads", head.name, "merge")
    yield from ((scope, ("encoder",)) for scope in encoder_scopes(spec.layout))
    for placement in spec.layout.placements:
        for name in insets(type(spec.topology)) if placement.component is not None else ():
            if getattr(spec.topology, name) is placement.component:
                yield placement.position.scope, ("topology", name)


def _at_one_place(spec: Spec, part: Component, root: KeyPath, position: Position | None) -> Iterator[Setting]:
    """Yields the settings of a component that is written at one path only."""
    for leaf in _leaves(spec, part):
        path = (*root, *leaf.inside)
        default = _slot_default(spec, root[-1]) if path == (*root, "type") else leaf.default
        at = path[:-1] if isinstance(leaf.value, list) else path  # a list has no type of its own
        setting = replace(simple_setting(spec, at, leaf.value, default, position), path=path)
        yield replace(setting, inside=leaf.inside, unused=leaf.unused)


def _cascaded(spec: Spec, part: Component, position: Position) -> Iterator[Setting]:
    """Yields the settings of the component at a position, which several scopes may set."""
    document, origins = spec.document, spec.origins[position.scope]
    assert document, "the spec comes from a document"
    choice, path_of = choose(scopes(spec.keys, position), position.slot), _paths(origins)
    for leaf in _leaves(spec, part):
        path = path_of(leaf.read_at)
        own = address(spec, _root(choice) if leaf.inside == ("type",) else path, position)
        default = _slot_default(spec, own.slot) if own and own.inside == ("type",) else leaf.default
        at = path[:-1] if isinstance(leaf.value, list) else path  # a list has no type of its own
        place, use = document.place(at) if document.has(at) else None, _use(spec, path, own, leaf, choice)
        found = {one.place: one for known in _candidates(spec, position, own, leaf) for one in document.history(known)}
        replaced = tuple([one for one in found.values() if one.place not in (place, use)])
        setting = Setting(path, leaf.value, place, default, replaced, position, leaf.inside)
        yield replace(setting, inherited=leaf.inherited, used_at=use, unused=leaf.unused)
    yield from _repeats_of_definitions(spec, position)


def _repeats_of_definitions(spec: Spec, position: Position) -> Iterator[Setting]:
    """Yields how often definitions of several components are repeated: no item of these equals its neighbour."""
    assert spec.document, "the spec comes from a document"
    origins = {known: origin for known, origin in spec.origins[position.scope].items() if known[-1:] == ("repeat",)}
    read = {leaf.read_at for leaf in _leaves(spec, spec.parts[position.scope])}
    told = {origin for known, origin in origins.items() if known in read}
    for known, origin in origins.items():
        if origin not in told:
            told.add(origin)
            value = spec.document.history(origin)[0].value
            yield replace(simple_setting(spec, origin, value, None, position), inside=known)


def _root(choice: SlotChoice) -> KeyPath:
    """Where a component is named, or a list written."""
    return choice.origins.get(("type",)) or (*choice.origins[()], "type")


def _candidates(spec: Spec, position: Position, own: Address | None, leaf: _Leaf) -> Iterator[KeyPath]:
    """Yields the paths at which a setting could have been written, the one that counts first."""
    narrow_first = scope_paths(spec.keys, position)[::-1]
    if own is not None:
        for scope in narrow_first[narrow_first.index(own.scope) :]:
            yield (*scope, own.slot, *own.inside)
    if leaf.inherited and (own is None or own.slot != leaf.inherited.slot):
        yield from ((*scope, leaf.inherited.slot, *leaf.inherited.inside) for scope in narrow_first)


def _use(spec: Spec, path: KeyPath, own: Address | None, leaf: _Leaf, choice: SlotChoice) -> Place | None:
    """Where the name stands that brings a definition, or the norm or act of the spec, into a component."""
    word = path[1] if path[0] == "define" else own.slot if own and not leaf.inherited else ""
    if not spec.document or (path[0] != "define" and word not in INHERITED):
        return None
    inner = [one for name, value in spec.keys.define.items() for one in leaves(value, ("define", name))]
    own_first = sorted(choice.origins, key=lambda known: known[:-1] != leaf.inside[: len(known) - 1])
    for one in (*(choice.origins[known] for known in own_first), *inner):
        found = spec.document.history(one)
        if found and found[0].value == word and one[:2] != path[:2]:
            return found[0].place
    return None


def _paths(origins: dict[KeyPath, KeyPath]) -> Callable[[KeyPath], KeyPath]:
    """The function that says where a setting is written, or beside which type it would be."""
    kinds = {known[:-1]: _type_path(origin) for known, origin in origins.items() if known[-1:] == ("type",)}
    written = {start: path for start, path in kinds.items() if not _is_default(start, kinds)}

    def path_of(inside: KeyPath) -> KeyPath:
        if inside[-1] == "type" and inside[:-1] in written:
            return written[inside[:-1]]
        if inside in origins and inside[-1] != "type":
            return origins[inside]
        for size in reversed(range(len(inside))):
            start = inside[:size]
            if start in written:
                return (*written[start][:-1], *inside[size:])
            if start in origins:
                return (*origins[start], *inside[size:])
        return inside

    return path_of


def _type_path(origin: KeyPath) -> KeyPath:
    """The path of a type: a bare name stands at that of the component."""
    return origin if origin[-1] == "type" else (*origin, "type")


def _is_default(start: KeyPath, kinds: dict[KeyPath, KeyPath]) -> bool:
    """Whether a type is a default within a component, at whose type faults of it are shown."""
    return any(kinds.get(start[:size]) == kinds[start] for size in range(len(start)))


def _slot_default(spec: Spec, slot: Any) -> Default | None:
    """What fills a slot of which a spec says nothing."""
    if slot in spec.topology.defaults:
        return Default(spec.topology.defaults[slot], spec.type_of(spec.topology))
    kinds = default_types(SpecKeys) | default_types(HeadKeys)
    return Default(kinds[slot]) if slot in kinds else None


def _types(spec: Spec, part: Component) -> Any:
    """The type of a component, or those of a list."""
    if not isinstance(part, Sequence):
        return spec.types.get(type(part)) or registry.name_of(type(part))
    kinds = [(count, _types(spec, item.part)) for count, item in part.repeats()]
    return [f"{kind} x{count}" if count > 1 else kind for count, kind in kinds]


def _leaves(spec: Spec, part: Component, inside: KeyPath = (), read_at: KeyPath = ()) -> Iterator[_Leaf]:
    """Yields the values in a component, and in those in it."""
    kind, idle, inner = _types(spec, part), part.idle(), insets(type(part))
    yield _Leaf((*inside, "type"), (*read_at, "type"), kind)
    if isinstance(part, Sequence):
        yield from _items(spec, part, inside, read_at)
        return
    if isinstance(part, InnerNetwork):
        yield from _inner(spec, part, inside, read_at)
        return
    for name, field in type(part).model_fields.items():
        value, own, at = getattr(part, name), (*inside, name), (*read_at, name)
        default = None if field.is_required() else Default(field.get_default(call_default_factory=True), kind)
        if name not in inner or value is None:
            yield _Leaf(own, at, value, default, idle.get(name, ""))
        elif inner[name].branches:
            for number, branch in enumerate(value):
                yield from _leaves(spec, branch, (*own, number), (*at, number))
        elif name not in idle:
            for leaf in _leaves(spec, value, own, at):
                yield leaf._replace(**_of_inset(inner[name], leaf.inside[len(own) :], default))


def _items(spec: Spec, part: Sequence, inside: KeyPath, read_at: KeyPath) -> Iterator[_Leaf]:
    """Yields the values in the items of a list, of equal neighbours once."""
    applied = 0
    for number, (count, item) in enumerate(part.repeats()):
        own, at = (*inside, number), (*read_at, applied)
        yield from _leaves(spec, item.part, own, at)
        if item.channels is not None:
            yield _Leaf((*own, "channels"), (*at, "channels"), item.channels)
        if count > 1:
            yield _Leaf((*own, "repeat"), (*at, "repeat"), count)
        applied += count


def _inner(spec: Spec, part: InnerNetwork, inside: KeyPath, read_at: KeyPath) -> Iterator[_Leaf]:
    """Yields the values in a network that is a block."""
    yield _Leaf((*inside, "channels"), (*read_at, "channels"), part.channels)
    for name, field in type(part.topology).model_fields.items():
        default = None if field.is_required() else Default(field.get_default(), _types(spec, part))
        yield _Leaf((*inside, name), (*read_at, name), getattr(part.topology, name), default)
    for scope, one in part.parts:
        yield from _leaves(spec, one, (*inside, scope), (*read_at, scope))


def _of_inset(inset: Inset, inside: KeyPath, default: Default | None) -> dict[str, Any]:
    """What a value has in addition as one of an inner component: what it inherits, and the default of its type."""
    if inset.inherited:
        return {"inherited": Address((), inset.slot, inside)}
    if inside == ("type",) and default and isinstance(default.value, Component):
        return {"default": Default(registry.name_of(type(default.value)), default.owner)}
    return {}
