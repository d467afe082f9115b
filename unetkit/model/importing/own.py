"""Weights of unetkit's own networks for another network: the same, a pruned one, or one with other heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from unetkit.checkpoint.faults import ImportWeightsError
from unetkit.checkpoint.layers import ForeignLayer
from unetkit.errors import Fault, FileError
from unetkit.model.checkpoint import Checkpoint
from unetkit.model.file import read_plan
from unetkit.planning import Plan

_Sources = tuple[tuple[str, int], ...]
"""What a head reads: scopes, each with the number of the call that made the map."""


class NamedMatch(NamedTuple):
    """Layers of a file and of a network with the same names; heads are those that read the same maps.

    `untrained` are layers of the network that exist in training only, and are not in the file.
    """

    pairs: tuple[tuple[str, str], ...]
    untrained: tuple[str, ...]


def match_names(
    checkpoint: Checkpoint, planned: Plan, given: Sequence[ForeignLayer], ours: Sequence[ForeignLayer]
) -> NamedMatch | None:
    """The layers of a network among those that a file gives, by their names; None where others than heads are missing.

    A file that is no model file of unetkit must have no other layers, since it does not tell what its heads read.
    Raises ImportWeightsError where only heads are missing that the network needs.
    """
    theirs = {layer.name: layer.shapes for layer in given}
    try:
        whole = read_plan(checkpoint.file)
    except FileError:
        if not theirs.keys() <= {layer.name for layer in ours}:
            return None
        whole = planned
    scopes = {call.scope: call.scope for call in planned.calls}
    heads, of_file = dict(_heads(planned)), {sources: scope for scope, sources in _heads(whole)}
    scopes |= {scope: of_file.get(sources, "") for scope, sources in heads.items()}
    kept = {call.scope for call in planned.for_inference().calls}
    pairs, untrained, lacking = list[tuple[str, str]](), list[str](), dict[str, None]()
    for layer in ours:
        scope = max((one for one in scopes if f"{layer.name}.".startswith(f"{one}.")), key=len, default="")
        name = scopes.get(scope, "") + layer.name.removeprefix(scope)
        if scopes.get(scope) and theirs.get(name) == layer.shapes:
            pairs.append((name, layer.name))
        elif scope not in kept:
            untrained.append(layer.name)
        else:
            lacking[scope] = None
    if not lacking.keys() <= heads.keys() or (lacking and whole is planned):
        return None
    if lacking:
        raise _no_head(checkpoint, [(scope, heads[scope]) for scope in lacking])
    return NamedMatch(tuple(pairs), tuple(untrained))


def _heads(planned: Plan) -> Iterator[tuple[str, _Sources]]:
    """Yields the scope of each head with what it reads."""
    made: dict[int, tuple[str, int]] = {}
    counts = Counter[str]()
    outputs = set(planned.outputs.values())
    for call in planned.calls:
        made[call.output] = (call.scope, counts[call.scope])
        counts[call.scope] += 1
        if call.output in outputs:
            yield call.scope, tuple(made.get(source, ("", source)) for source in call.inputs)


def _no_head(checkpoint: Checkpoint, heads: list[tuple[str, _Sources]]) -> ImportWeightsError:
    """The error for heads that the file lacks."""
    lines = [f"{scope} reads {', '.join(name for name, _ in sources)}" for scope, sources in heads]
    message = f"{checkpoint.file} has all weights of this network, but no head that reads the same map:"
    cure = (
        "Heads with when: training are left out of model files. Train the whole network with a head there that exists "
        "always; or train the new head, by training.weights with training.partial."
    )
    return ImportWeightsError(Fault("weights-head", message, cure=cure, lines=tuple(lines)))
