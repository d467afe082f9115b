"""The channels, levels and axes with which a spec has the shapes of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from math import gcd
from typing import Any, NamedTuple

from unetkit.checkpoint.layers import ForeignLayer
from unetkit.checkpoint.orders import arrangements
from unetkit.errors import UnetkitError
from unetkit.guessing.encoders import other_encoders
from unetkit.guessing.layers import PlannedLayer, elements, kind, planned_layers, weight
from unetkit.language import Spec, load
from unetkit.planning import Plan, plan

_MOST_LEVELS, _MOST_PARTS, _MOST_BLOCKS = 12, 12, 4
_MOST_HEADS = 4
"""Numbers of output channels that are tried."""

Changes = dict[str, Any]
"""Settings by their path, as in {"decoder.channels": [8, 16]}."""


class Fit(NamedTuple):
    """A spec with the shapes of a file: its changes, its plan, how alike the order of layers is, layers left over."""

    changes: Changes
    plan: Plan
    likeness: float
    unused: tuple[str, ...]


class _Trial(NamedTuple):
    spec: Spec
    plan: Plan
    layers: list[PlannedLayer]


def overrides(changes: Mapping[str, Any]) -> list[str]:
    """The changes as they are given to `--set`.

    >>> overrides({"channels": [4, 8], "dims": 3})
    ['channels=[4, 8]', 'dims=3']
    """
    return [f"{path}={value}" for path, value in changes.items()]


def fit(name: str, found: Sequence[ForeignLayer]) -> Fit | None:
    """The changes with which a shipped spec has the shapes of a file; None where there are none."""
    dims = _dims(found)
    shipped = _tried(name, {})
    if shipped is None or not dims:
        return None
    start: Changes = {} if shipped.spec.dims == dims else {"dims": dims}
    for changes, trial in _variants(name, start, shipped, found):
        for chosen in _widths(changes, trial, found):
            fitted = _compared(name, _changed(chosen, shipped.spec), found)
            if fitted is not None:
                return fitted
    return None


def _variants(
    name: str, changes: Changes, shipped: _Trial, found: Sequence[ForeignLayer]
) -> Iterator[tuple[Changes, _Trial]]:
    """Yields the spec with as many levels, with as many blocks of each, or with the encoder that a file may be of."""
    trial = _tried(name, changes) if changes else shipped
    if trial is None:
        return
    if shipped.spec.encoder is not None:
        for encoder in ({}, *other_encoders(trial.spec, found)):
            other = _tried(name, changes | encoder) if encoder else trial
            if other is not None and (_could_be(other, found) or _is_near(other, found)):
                yield changes | encoder, other
        return
    for blocks in _blocks(shipped.spec):
        other = _tried(name, changes | blocks) if blocks else trial
        other = other and _with_levels(name, changes | blocks, other, found)
        if other is not None:
            grown = len(other.spec.channels) != len(shipped.spec.channels)
            yield changes | blocks | ({"channels": list(other.spec.channels)} if grown else {}), other


def _blocks(spec: Spec) -> Iterator[Changes]:
    """Yields no change, then other numbers of blocks per level, where the topology has one number for all."""
    yield {}
    own = getattr(spec.topology, "blocks", None)
    if isinstance(own, int):
        yield from ({"topology.blocks": count} for count in range(1, _MOST_BLOCKS + 1) if count != own)


def _changed(changes: Changes, spec: Spec) -> Changes:
    """The changes that are none of what a spec already says."""
    said: dict[str, Any] = {
        "dims": spec.dims, "in_channels": spec.in_channels, "out_channels": spec.out_channels,
        "channels": list(spec.channels),
    }  # fmt: skip
    said |= {f"inputs.{name}.channels": given.channels for name, given in (spec.keys.inputs or {}).items()}
    return {path: value for path, value in changes.items() if path not in said or said[path] != value}


def _tried(name: str, changes: Changes) -> _Trial | None:
    """A spec with changes, planned; None where that is no network."""
    try:
        spec = load(name, overrides(changes))
        planned = plan(spec)
    except UnetkitError:
        return None
    return _Trial(spec, planned, planned_layers(planned))


def _dims(found: Sequence[ForeignLayer]) -> int:
    """The number of spatial axes that most convolutions have."""
    counts = Counter(len(weight(layer.shapes)) - 2 for layer in found if len(weight(layer.shapes)) > 2)
    return counts.most_common(1)[0][0] if counts else 0


def _kinds(layers: Sequence[ForeignLayer | PlannedLayer]) -> Counter[Any]:
    """How many layers there are of each kernel and each set of tensors."""
    return Counter(kind(layer.form) for layer in layers if layer.shapes)


def _with_levels(name: str, changes: Changes, trial: _Trial, found: Sequence[ForeignLayer]) -> _Trial | None:
    """The spec with as many levels as a file of so many layers has."""
    channels = list(trial.spec.channels)
    if _could_be(trial, found):
        return trial
    near = trial if _is_near(trial, found) else None
    fewer = _resized(name, changes, channels, len(channels) - 1)
    step = len(trial.layers) - len(fewer.layers) if fewer else 0
    if step <= 0:
        return near
    missing = len(found) - len(trial.layers)
    for levels in sorted({missing // step, -(-missing // step), missing // step - 1}, key=abs):  # some may be heads
        other = _resized(name, changes, channels, len(channels) + levels) if levels else None
        if other is not None and _could_be(other, found):
            return other
    return near


def _resized(name: str, changes: Changes, channels: list[int], count: int) -> _Trial | None:
    """A spec with so many levels, whose decoder follows where it has channels of its own."""
    if not 1 < count <= _MOST_LEVELS:
        return None
    wide = (channels + channels[-1:] * count)[:count]
    return _tried(name, changes | {"channels": wide}) or _tried(
        name, changes | {"channels": wide, "decoder.channels": wide[:-1]}
    )


def _could_be(trial: _Trial, found: Sequence[ForeignLayer]) -> bool:
    """Whether a file has layers of the kinds of a plan, and at most a few more."""
    more = _kinds(found)
    more.subtract(_kinds(trial.layers))
    known = all(layer.shapes for layer in trial.layers)
    heads = {kind(layer.form) for layer in trial.layers if layer.side == "head"}
    return all(count >= 0 and (not count or not known or shapes in heads) for shapes, count in more.items())


def _is_near(trial: _Trial, found: Sequence[ForeignLayer]) -> bool:
    """Whether a file has about the layers of a plan: a shortcut between equal channels has none, a head may be left."""
    more = _kinds(found)
    more.subtract(_kinds(trial.layers))
    return sum(map(abs, more.values())) <= 2 * len(trial.spec.channels)


def _widths(changes: Changes, trial: _Trial, found: Sequence[ForeignLayer]) -> Iterator[Changes]:
    """Yields numbers of channels that the file may be of, the likeliest first."""
    seen: list[Changes] = []
    for arranged in _orders(found):
        for wide_kernels in (False, True):
            for chosen in _widths_in_order(trial, arranged, wide_kernels=wide_kernels):
                if chosen not in seen:
                    seen.append(chosen)
                    yield changes | chosen


def _orders(found: Sequence[ForeignLayer]) -> Iterator[Sequence[ForeignLayer]]:
    """Yields orders in which the layers may run: those of well-known programs, and with another part of it first."""
    yield from arrangements(found)
    for part in list(dict.fromkeys(layer.name.partition(".")[0] for layer in found))[1:_MOST_PARTS]:
        yield sorted(found, key=lambda layer, part=part: layer.name.partition(".")[0] != part)  # type: ignore[misc]


def _widths_in_order(trial: _Trial, found: Sequence[ForeignLayer], *, wide_kernels: bool) -> Iterator[Changes]:
    """Yields numbers of channels, where the layers run in the order given.

    With `wide_kernels` only kernels of more than one sample count: shortcuts of others depend on the widths.
    """
    planned = [layer for layer in trial.layers if _counts(layer, wide_kernels)]
    convolutions = [layer for layer in found if _counts(layer, wide_kernels)]
    if not convolutions:
        return
    down, rest = _aligned([one for one in planned if one.side in ("encoder", "bottleneck")], convolutions)
    wide = _by_level(down, trial.spec.channels)
    channels: list[Changes] = [{}]
    if trial.spec.encoder is None and wide != list(trial.spec.channels):
        channels = [{"channels": wide} | _coupled(trial.spec, wide), {}]
    blocks = [one for one in planned if one.side == "decoder" and one.slot == "block"]
    ups = [one for one in planned if one.side == "decoder" and one.slot in ("block", "up")]
    decoders: list[Changes] = [{}]
    for chosen in (blocks, ups):
        narrow = _by_level(_aligned(chosen, rest)[0], wide[:-1])
        if narrow and {"decoder.channels": narrow} not in decoders:
            decoders.append({"decoder.channels": narrow})
    inputs: Changes = {"in_channels": weight(convolutions[0].shapes)[1]} if len(trial.plan.inputs) == 1 else {}
    inputs |= _read_as_given(trial.spec, down)
    for heads in _heads(trial, found):
        for high in channels:
            for low in decoders:
                yield inputs | heads | high | low


def _counts(layer: ForeignLayer | PlannedLayer, wide_kernels: bool) -> bool:
    """Whether a layer is a convolution, with a kernel of more than one sample if only these count."""
    shape = weight(layer.shapes)
    return bool(shape) and not (wide_kernels and set(shape[2:]) <= {1})


def _coupled(spec: Spec, wide: Sequence[int]) -> Changes:
    """What goes with other channels: the width of what blocks read of a vector, and numbers of groups that fit."""
    changes: Changes = {}
    for name, given in (spec.keys.inputs or {}).items():
        if given.width:
            changes[f"inputs.{name}.width"] = given.width * wide[0] // spec.channels[0]
            items = given.embed if isinstance(given.embed, tuple) else ()
            for number, item in enumerate(items):
                if isinstance(item, dict) and isinstance(item.get("channels"), int):
                    changes[f"inputs.{name}.embed.{number}.channels"] = item["channels"] * wide[0] // spec.channels[0]
    for path, number in _divisors(spec.document.values() if spec.document else {}):
        fits, fitted = (gcd(number, *widths) == number for widths in (wide, spec.channels))
        if fitted and not fits:
            changes[path] = gcd(number, *wide)
    return changes


def _divisors(values: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Yields the numbers of groups and heads in plain values, by their path."""
    entries = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, tuple) else ()
    for key, value in entries:
        inner = f"{path}.{key}" if path else str(key)
        if key in ("groups", "heads") and isinstance(value, int):
            yield inner, value
        yield from _divisors(value, inner)


def _read_as_given(spec: Spec, pairs: Sequence[tuple[PlannedLayer, ForeignLayer]]) -> Changes:
    """The channels of the vectors and tokens that layers of the file read without a block before."""
    changes: Changes = {}
    for name, given in (spec.keys.inputs or {}).items():
        widths = Counter(weight(layer.shapes)[1] for planned, layer in pairs if planned.condition == name)
        if widths and given.embed is None:
            changes[f"inputs.{name}.channels"] = widths.most_common(1)[0][0]
    return changes


def _aligned(
    planned: Sequence[PlannedLayer], found: Sequence[ForeignLayer]
) -> tuple[list[tuple[PlannedLayer, ForeignLayer]], Sequence[ForeignLayer]]:
    """Pairs layers with the next ones of the file that have their kernel, and the layers that follow."""
    pairs: list[tuple[PlannedLayer, ForeignLayer]] = []
    at = 0
    for layer in planned:
        index = next((i for i in range(at, len(found)) if kind(found[i].form) == kind(layer.form)), None)
        if index is None:
            break
        pairs.append((layer, found[index]))
        at = index + 1
    return pairs, found[at:]


def _by_level(pairs: Sequence[tuple[PlannedLayer, ForeignLayer]], known: Sequence[int]) -> list[int]:
    """The output channels of the last convolution of each level's block; the known ones where a level has none."""
    widths = list(known)
    for planned, layer in pairs:
        if planned.slot != "down" and planned.level < len(widths):
            widths[planned.level] = weight(layer.shapes)[planned.out]
    return widths


def _heads(trial: _Trial, found: Sequence[ForeignLayer]) -> Iterator[Changes]:
    """Yields the numbers of output channels that layers of the file have that may be the head, the last ones first."""
    own = [layer for layer in trial.layers if layer.side == "head" and weight(layer.shapes)]
    if not own or len(trial.plan.outputs) > 1:
        yield {}
        return
    sizes = [weight(layer.shapes)[0] for layer in found if kind(layer.shapes) == kind(own[-1].shapes)]
    for size in list(dict.fromkeys(reversed(sizes)))[:_MOST_HEADS]:
        yield {"out_channels": size}


def _compared(name: str, changes: Changes, found: Sequence[ForeignLayer]) -> Fit | None:
    """A spec with changes if it has the shapes of a file, all of them, but for what its output does not need."""
    trial = _tried(name, changes)
    if trial is None:
        return None
    more = Counter(layer.form for layer in found)
    more.subtract(Counter(layer.form for layer in trial.layers if layer.shapes))
    if any(count < 0 for count in more.values()):
        return None
    unknown = sum(layer.elements for layer in trial.layers if not layer.shapes)
    left = [layer for layer in found if more[layer.form] > 0]
    unused = tuple(layer.name for layer in left if not unknown and _may_be_unused(layer, trial))
    if unknown:
        extra = sum(count * elements(shapes) for shapes, count in more.items())
        if extra != unknown:
            return None
    elif len(unused) != len(left) or sum(more.values()) > len(trial.spec.channels):
        return None
    likeness = SequenceMatcher(
        None, [layer.form for layer in found], [layer.form for layer in trial.layers], autojunk=False
    ).ratio()
    return Fit(changes, trial.plan, likeness, unused[: sum(more.values())])


def _may_be_unused(layer: ForeignLayer, trial: _Trial) -> bool:
    """Whether the output may not need a layer: a further head, or the end of an encoder that was made to classify."""
    encoder = any(one.slot == "encoder" for one in trial.layers)
    return _is_head(layer, trial) or (encoder and "encoder" in layer.name.split("."))


def _is_head(layer: ForeignLayer, trial: _Trial) -> bool:
    """Whether this could be a further head: a 1×1 convolution to as many channels."""
    own = next((one for one in reversed(trial.layers) if one.side == "head" and weight(one.shapes)), None)
    if own is None or not weight(layer.shapes):
        return False
    mine, main = weight(layer.shapes), weight(own.shapes)
    return kind(layer.shapes) == kind(own.shapes) and mine[0] == main[0] and set(mine[2:]) == {1}
