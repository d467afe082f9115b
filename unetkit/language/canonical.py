"""The canonical form of a spec: every default filled in, each setting at the widest scope where it applies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from unetkit.document.reader import written_form
from unetkit.language.cascade import OUTPUT, head_scope
from unetkit.topology import Output, Position

if TYPE_CHECKING:
    from unetkit.block import Component
    from unetkit.language.spec import Spec


_HEADER = ("unetkit", "name", "description", "paper", "dims", "in_channels", "out_channels", "inputs", "topology")
"""The keys that come first."""


def resolve(spec: Spec) -> dict[str, Any]:
    """The canonical form as plain values; loading it gives an equal spec with the same canonical form."""
    keys = spec.keys
    form: dict[str, Any] = {"unetkit": keys.unetkit, "name": keys.name}
    form |= {key: value for key in ("description", "paper") if (value := getattr(keys, key))}
    form |= {"dims": keys.dims, "in_channels": keys.in_channels, "out_channels": spec.out_channels}
    if keys.inputs:
        form["inputs"] = {name: _input_form(spec, name) for name in keys.inputs}
    form["topology"] = written_form(spec.topology, spec.types)
    if spec.encoder is None:
        form["channels"] = list(spec.channels)
    positions = spec.layout.open_positions
    forms = {one.scope: block_form(spec, spec.parts[one.scope]) for one in positions}
    image_skips = _image_skips(spec, positions)
    place_frame(form, [one for one in positions if one not in image_skips], forms)
    if image_skips:
        form.setdefault("levels", {}).setdefault(0, {})["skip"] = forms[image_skips[0].scope]
        form["levels"] = dict(sorted(form["levels"].items()))
    _place_heads(spec, form)
    if spec.encoder is not None:
        form["encoder"] = written_form(spec.encoder, spec.types, nulls=True)
    if spec.decoder_channels != spec.default_decoder_channels:
        form.setdefault("decoder", {})["channels"] = list(spec.decoder_channels)
    form |= {"init": written_form(spec.init, spec.types), "odd_sizes": written_form(spec.odd_sizes, spec.types)}
    if spec.plugins:
        form["plugins"] = dict(sorted(spec.plugins.items()))
    order = [key for key in (*_HEADER, *type(keys).model_fields) if key in form]
    return {key: form[key] for key in order}


def _image_skips(spec: Spec, positions: Iterable[Position]) -> list[Position]:
    """The skips that merge the image where the encoder has no map at full resolution: only level 0 can ask for them."""
    if spec.encoder is None or spec.encoder.used_levels[0].channels:
        return []
    return [one for one in positions if one.slot == "skip" and one.level == 0 and one.side == "decoder"]


def place_frame(form: dict[str, Any], positions: Iterable[Position], forms: Mapping[str, Any]) -> None:
    """Adds the components of positions, given as forms by scope, each at the widest scope where it applies."""
    sides: dict[str, dict[int, Any]] = {"encoder": {}, "bottleneck": {}, "decoder": {}}
    slots: dict[str, dict[int, Any]] = {"down": {}, "up": {}, "skip": {}}
    for position in positions:
        by_level = sides.get(position.side) if position.slot == "block" else slots.get(position.slot)
        if by_level is not None:
            by_level.setdefault(position.level, forms[position.scope])
    _place_blocks(form, sides)
    for slot, by_level in slots.items():
        _place_slot(form, slot, by_level)
    if "levels" in form:
        form["levels"] = dict(sorted(form["levels"].items()))


def _place_blocks(form: dict[str, Any], sides: dict[str, dict[int, Any]]) -> None:
    """Adds the blocks of the levels: one for all if they agree, else by section and level."""
    bottleneck = next(iter(sides.pop("bottleneck").values()), None)  # none where no output depends on it
    of_blocks = bool(sides["encoder"]) or not sides["decoder"]
    default = sides["encoder"].get(0, bottleneck) if of_blocks else next(iter(sides["decoder"].values()))
    form["block"] = default
    if bottleneck is not None and (bottleneck != default or not of_blocks):
        form["bottleneck"] = {"block": bottleneck}
    for side, blocks in sides.items():
        common = blocks.get(0, default)
        if common != default:
            form.setdefault(side, {})["block"] = common
        for level, block in sorted(blocks.items()):
            if block != common:
                form.setdefault("levels", {}).setdefault(level, {}).setdefault(side, {})["block"] = block


def _place_slot(form: dict[str, Any], slot: str, by_level: dict[int, Any]) -> None:
    """Adds the downs, the ups or the skips."""
    if not by_level:
        return
    common = form[slot] = by_level[min(by_level)]
    for level, block in by_level.items():
        if block != common:
            form.setdefault("levels", {}).setdefault(level, {})[slot] = block


def _input_form(spec: Spec, name: str) -> dict[str, Any]:
    """An input as a map."""
    form: dict[str, Any] = spec.keys.inputs[name].model_dump(exclude={"embed"}, exclude_none=True)
    embedding = spec.parts.get(f"inputs.{name}.embed")
    return form | ({"embed": block_form(spec, embedding)} if embedding else {})


def _place_heads(spec: Spec, form: dict[str, Any]) -> None:
    """Adds the heads: the first is the default of the others, and stands alone where it is the only output."""
    first = spec.outputs[0]
    head = form["head"] = block_form(spec, spec.parts[first.scope])
    if spec.heads == (Output(OUTPUT, head_scope(OUTPUT), first.channels),):
        return
    form["heads"] = {}
    for output in spec.heads:
        own: dict[str, Any] = {"at": list(output.at) if isinstance(output.at, tuple) else output.at}
        if output.merge is not None:
            own["merge"] = block_form(spec, output.merge)
        own["when"] = output.when
        if output.channels != first.channels:
            own["channels"] = output.channels
        if block_form(spec, spec.parts[output.scope]) != head:
            own["head"] = block_form(spec, spec.parts[output.scope])
        form["heads"][output.name] = own


def block_form(spec: Spec, part: Component) -> Any:
    """A block as a map with its type and every parameter that has an effect, or a list of such maps."""
    return written_form(part, spec.types, nulls=True)
