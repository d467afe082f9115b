"""Copies the weights of another program into a network of unetkit, if their layers pair in exactly one way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unetkit.checkpoint.faults import ImportWeightsError, fault
from unetkit.checkpoint.layers import COUNTER, ForeignLayer, arranged, copies, layers
from unetkit.checkpoint.matching import WeightMatch, match
from unetkit.errors import did_you_mean
from unetkit.language import Spec
from unetkit.model.checkpoint import Checkpoint
from unetkit.model.importing.own import match_names
from unetkit.model.interface import plan_of
from unetkit.model.network import build, for_inference
from unetkit.planning import Plan

_SHOWN = 6  # of the layers that differ between two pairings, or have no partner


class Imported(NamedTuple):
    """A network with the weights of another program.

    `pairs`: layers of the file and of the network, in execution order. `copies`: duplicate layers of the file, with
    their originals. `spare`: unused heads of deep supervision. `dropped`: layers left out on request. `left`: layers of
    a model file of unetkit that this network lacks. `untrained`: layers that exist in training only, and have no
    weights in the file.
    """

    model: nn.Module
    pairs: tuple[tuple[str, str], ...]
    copies: Mapping[str, str]
    spare: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()


def import_weights(
    checkpoint: Checkpoint, spec: Spec, *, fixed: Mapping[str, str] | None = None, drop: Sequence[str] = ()
) -> Imported:
    """The network of a spec with the weights of a checkpoint, in evaluation mode.

    `fixed` maps layers of the file to layers of the network; all others are searched for. `drop` are layers to leave
    out, or beginnings of their names. Weights of unetkit's own networks are matched by name. Layers that
    exist in training only may be missing. Raises ImportWeightsError unless the layers pair in exactly one way.
    """
    model = build(spec, pretrained=False)
    ours = _executed(plan_of(model), layers(model.state_dict()))
    tensors = arranged(checkpoint.tensors, spec.dims)
    everything = layers(tensors)
    dropped = _dropping(everything, drop)
    theirs = [layer for layer in everything if layer.name not in dropped]
    named = None if fixed else match_names(checkpoint, plan_of(model), theirs, ours)
    if named is not None:
        _fill(model, tensors, named.pairs)
        used = {old for old, _ in named.pairs}
        left = tuple(layer.name for layer in theirs if layer.name not in used)
        return Imported(model.eval(), named.pairs, {}, (), tuple(dropped), left, named.untrained)
    twice = copies(tensors, theirs)
    theirs = [layer for layer in theirs if layer.name not in twice]
    chosen = _fixing(theirs, ours, fixed or {})
    rest = [layer for layer in theirs if layer.name not in chosen]
    open_layers = [layer for layer in ours if layer.name not in chosen.values()]
    found, untrained = match(rest, open_layers), tuple[str, ...]()
    if not found.ways and found.complete:
        untrained = _training_only(model, open_layers)
        without = [layer for layer in open_layers if layer.name not in untrained]
        found = match(rest, without) if untrained else found
    if len(found.ways) != 1 or not found.complete:
        raise refusal(checkpoint, found, rest, open_layers)
    partner = {our: their for their, our in (*found.ways[0], *chosen.items())}
    pairs = tuple((partner[layer.name], layer.name) for layer in ours if layer.name not in untrained)
    _fill(model, tensors, pairs)
    return Imported(model.eval(), pairs, twice, found.spare, tuple(dropped), untrained=untrained)


def _training_only(model: nn.Module, ours: Sequence[ForeignLayer]) -> tuple[str, ...]:
    """The names of the layers that exist in training only."""
    kept = {layer.name for layer in layers(for_inference(model).state_dict())}
    return tuple(layer.name for layer in ours if layer.name not in kept)


def _executed(planned: Plan, ours: Sequence[ForeignLayer]) -> list[ForeignLayer]:
    """The layers of the network in execution order."""
    names = (
        f"{call.scope}.{planned.nodes[index].name}" for call in planned.calls for index in range(call.start, call.end)
    )
    places = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return sorted(ours, key=lambda layer: places[layer.name])


def _dropping(found: Sequence[ForeignLayer], drop: Sequence[str]) -> list[str]:
    """The names of the layers to leave out; raises ImportWeightsError for an unknown name."""
    dropped = []
    for name in drop:
        named = [layer.name for layer in found if layer.name == name or layer.name.startswith(f"{name}.")]
        if not named:
            raise unknown(name, "file", [layer.name for layer in found])
        dropped += named
    return dropped


def unknown(name: str, place: str, known: Sequence[str]) -> ImportWeightsError:
    """The error for an unknown layer, with the nearest name, or the beginnings of all names."""
    parts = [layer.split(".") for layer in known]
    beginnings = {".".join(each[:length]) for each in parts for length in range(1, len(each) + 1)}
    near = did_you_mean(name, beginnings)
    cure = (
        near if near.startswith("Did") else f"Names begin with: {', '.join(dict.fromkeys(each[0] for each in parts))}."
    )
    return fault("weights-unknown", f"the {place} has no layer {name}, and none whose name begins so", cure)


def _fixing(theirs: Sequence[ForeignLayer], ours: Sequence[ForeignLayer], fixed: Mapping[str, str]) -> dict[str, str]:
    """The pairs given by the user; raises ImportWeightsError for an impossible pair."""
    left, right = ({layer.name: layer for layer in side} for side in (theirs, ours))
    if len(set(fixed.values())) < len(fixed):
        raise fault("weights-pair", "two layers of the file are to become one of the network", "Name each once.")
    for old, new in fixed.items():
        for name, known, place in ((old, left, "file"), (new, right, "network")):
            if name not in known:
                raise unknown(name, place, list(known))
        if left[old].form != right[new].form:
            raise fault("weights-pair", f"{left[old]} cannot become {right[new]}: their shapes differ")
    return dict(fixed)


def _fill(model: nn.Module, tensors: Mapping[str, Tensor], pairs: Iterable[tuple[str, str]]) -> None:
    """Copies the weights, converted to single precision."""
    state = model.state_dict()
    with torch.no_grad():
        for old, new in pairs:
            for name in [name for name in state if name.rpartition(".")[0] == new]:
                leaf = name.rpartition(".")[2]
                source = tensors.get(f"{old}.{leaf}" if old else leaf)
                if source is not None:
                    state[name].copy_(source.reshape(state[name].shape))
                elif leaf == COUNTER:
                    state[name].zero_()


def refusal(
    checkpoint: Checkpoint, found: WeightMatch, theirs: Sequence[ForeignLayer], ours: Sequence[ForeignLayer]
) -> ImportWeightsError:
    """The error for layers that do not pair in exactly one way."""
    if len(found.ways) == 2:
        one, two = ({our: their for their, our in way} for way in found.ways)
        differing = [our for our in one if one[our] != two[our]]
        lines = [f"{our}: {one[our]}, or {two[our]}" for our in differing[:_SHOWN]]
        if len(differing) > _SHOWN:
            lines.append(f"and {len(differing) - _SHOWN} more")
        message = f"{checkpoint.file}: the weights go into this network in more than one way:"
        our = differing[0]
        choice = f"Choose one: --map {one[our]}={our}, or --map {two[our]}={our}."
        return fault("weights-ambiguous", message, choice, lines)
    if not found.complete:
        message = f"{checkpoint.file}: its layers are too similar to be told apart"
        return fault("weights-ambiguous", message, "Name some: --map OLD=NEW.")
    message, *lines = difference(checkpoint, found, theirs, ours)
    cure = "Give the spec of the network that was trained; --drop leaves layers out."
    return fault("weights-differ", message, cure, lines)


def difference(
    checkpoint: Checkpoint, found: WeightMatch, theirs: Sequence[ForeignLayer], ours: Sequence[ForeignLayer]
) -> list[str]:
    """The lines of the error for layers that do not pair: counts, shapes without a partner, where the order breaks."""
    lines = [
        f"{checkpoint.file}: its weights are not those of this network: layers with weights: {len(theirs)} in the "
        f"file, {len(ours)} in the network"
    ]
    for side, others, place in ((theirs, ours, "file"), (ours, theirs, "network")):
        rest = [layer.form for layer in others]
        alone = []
        for layer in side:
            if layer.form in rest:
                rest.remove(layer.form)
            else:
                alone.append(layer)
        lines += [f"only in the {place}: {layer}" for layer in alone[:_SHOWN]]
        if len(alone) > _SHOWN:
            lines.append(f"and {len(alone) - _SHOWN} more only in the {place}")
    if len(lines) == 1 and found.reached < len(ours):
        lines.append(f"the shapes are the same, but no order of the file's layers fits from {ours[found.reached]} on")
    return lines
