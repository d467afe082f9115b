"""Peak memory for one size, batch and number type: which tensors are alive at the same time, forwards and backwards.

Counted are the tensors of a run on the CPU, with the copies that oneDNN makes for a convolution, whose width is the
processor's. The image itself, parameters and their gradients are not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.planning.spatial_graph import Size

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan

_OPTIMIZER_COPIES = {"sgd": 0, "momentum": 1, "adam": 2}
"""Values per parameter that an optimizer keeps."""


class Memory(NamedTuple):
    """Bytes at one size, batch and number type.

    `inference` and `training` are the peaks of activations, the first without outputs that exist in training only;
    `weights` and `gradients` one value per parameter; `optimizer` what Adam keeps.
    """

    inference: int
    training: int
    weights: int
    gradients: int
    optimizer: int

    def json(self) -> dict[str, int]:
        """The memory as plain values."""
        return dict(self._asdict())


def needed_memory(
    planned: Plan, size: Size, run: Execution | None = None, *, recomputed: Sequence[range] = ()
) -> Memory:
    """The memory that a network needs for images of a size; raises SizeError where the size does not fit.

    Without `run` it is one image in fp32, channels first. `recomputed` are the stretches of nodes that are computed
    again in the backward pass.
    """
    run = run or Execution()
    weights = planned.parameters * run.itemsize
    return Memory(
        inference=inference_bytes(planned.for_inference(), size, run),
        training=TrainingLedger(planned, size, run).peak(recomputed),
        weights=weights,
        gradients=weights,
        optimizer=_OPTIMIZER_COPIES["adam"] * weights,
    )


def kept_by_level(planned: Plan, size: Size, run: Execution | None = None) -> dict[int, int]:
    """By level the bytes that a forward pass in training keeps for the backward pass.

    >>> from unetkit.language import load
    >>> from unetkit.planning import plan
    >>> kept_by_level(plan(load("unet-small")), (64, 64))[0] > kept_by_level(plan(load("unet-small")), (64, 64))[1]
    True
    """
    ledger = _Ledger(planned, size, run or Execution(), training=True)
    kept, found = ledger.kept_buffers(), dict[int, int]()
    for call in planned.calls:
        inside = range(call.start, call.end)
        own = sum(ledger.kept_beside[index] + ledger.bytes[index] * (index in kept) for index in inside)
        found[call.level] = found.get(call.level, 0) + own
    return found


def inference_bytes(planned: Plan, size: Size, run: Execution) -> int:
    """The peak of all activations in a forward pass without gradients."""
    return _Ledger(planned, size, run).forward({})[0]


def overwriting(planned: Plan) -> frozenset[int]:
    """The nodes that write their output over their input: nothing else reads it, and no backward pass needs it."""
    reads = [0] * len(planned.nodes)
    for output in planned.outputs.values():
        reads[output] = 1
    for node in planned.nodes:
        for source in node.inputs:
            reads[source] += 1

    def is_free(source: int) -> bool:
        made_by = planned.nodes[source].operation
        if made_by is None or made_by.keeps_output or reads[source] > 1:
            return False
        shares = made_by.is_view or made_by.training_only  # which passes its input on in evaluation
        return not shares or all(map(is_free, planned.nodes[source].inputs))

    found = {
        index
        for index, node in enumerate(planned.nodes)
        if node.operation is not None and node.operation.overwrites and is_free(node.inputs[0])
    }
    for call in planned.calls:  # a module that several nodes call does so for all of them or for none
        mates: dict[str, set[int]] = {}
        for index in range(call.start, call.end):
            mates.setdefault(planned.nodes[index].name, set()).add(index)
        for same in mates.values():
            if not same <= found:
                found -= same
    return frozenset(found)


class TrainingLedger:
    """The peak of all activations in a forward and a backward pass, for various stretches that are computed again."""

    def __init__(self, planned: Plan, size: Size, run: Execution) -> None:
        self.planned = planned
        self.ledger = _Ledger(planned, size, run, training=True)

    def peak(self, recomputed: Sequence[range]) -> int:
        """The peak in bytes."""
        ledger = self.ledger.recomputing(self.planned, recomputed)
        kept = ledger.kept_buffers()
        peak, held, alive = ledger.forward(kept)
        return max(peak, _Backward(ledger, self.planned.outputs.values(), kept, held, alive).peak())


class _Again:
    """A stretch of nodes that is computed again in the backward pass, and what it then makes."""

    def __init__(self, nodes: range) -> None:
        self.nodes = nodes
        self.kept: dict[int, int] = {}
        """By buffer made here the first node whose backward pass needs it."""
        self.beside: dict[int, int] = {}
        """Bytes that the backward pass needs beside signals, by node."""

    @property
    def last(self) -> int:
        """The last node that is computed again: what nobody needs is not."""
        return max([*self.kept, *(index for index, count in self.beside.items() if count)], default=-1)


class _Ledger:
    """The tensors of one size: bytes by signal, signals that share a buffer, and workspaces."""

    def __init__(self, planned: Plan, size: Size, run: Execution, *, training: bool = False) -> None:
        sizes = planned.at(size).sizes
        nodes = self.nodes = planned.nodes
        self.constant = set(planned.inputs.values())
        """The inputs, and the signals that no weight has part in: they have no gradient."""
        maps = [MapShape(node.channels, shape) for node, shape in zip(nodes, sizes, strict=True)]
        self.bytes = [run.bytes(*one) for one in maps]
        self.padding = self.bytes[0] if planned.pads and prod(sizes[0]) != prod(size) else 0
        self.workspaces = [Workspace()] * len(nodes)
        self.kept_beside = [0] * len(nodes)
        """Bytes that the backward pass needs beside signals, by node; none in inference."""
        self.holds_inputs = [False] * len(nodes)
        """Whether the backward pass needs the inputs of a node."""
        self.buffer = list(range(len(nodes)))
        channels_last = [run.channels_last] * len(nodes)
        overwriting_nodes = overwriting(planned)
        for index, node in enumerate(nodes):
            operation = node.operation
            if operation is None:
                continue
            first = node.inputs[0]
            inputs = node.inputs if operation.elementwise else node.inputs[:1]
            own = run._replace(channels_last=all(channels_last[source] for source in inputs))
            channels_last[index] = operation.gives_channels_last(maps[first], own)
            self.workspaces[index] = operation.workspace(maps[first], maps[index], own)
            self.kept_beside[index] = operation.kept_bytes(maps[first], maps[index], own) * training
            self.holds_inputs[index] = operation.holds_inputs(own)
            weights = operation.parameters(tuple(nodes[source].channels for source in node.inputs))
            if not weights and self.constant.issuperset(operation.valued(node.inputs)):
                self.constant.add(index)
                self.kept_beside[index], self.holds_inputs[index] = 0, False
            overwrites = index in overwriting_nodes
            if index in planned.written_over:
                self.buffer[index] = self.buffer[planned.written_over[index]]
            elif overwrites or operation.is_view or (operation.training_only and not training):
                self.buffer[index] = self.buffer[first]
                source = nodes[first].operation
                if source is not None and source.gives_view:  # autograd takes back what is written over a view
                    self.workspaces[index] = Workspace(backward=3 * self.bytes[index])
        self.again: dict[int, _Again] = {}
        """By node the stretch that is computed again."""
        self.last = self._last_uses(planned)

    def recomputing(self, planned: Plan, stretches: Sequence[range]) -> _Ledger:
        """The same where stretches of nodes are computed again in the backward pass."""
        found = copy(self)
        found.again = {index: again for again in map(_Again, stretches) for index in again.nodes}
        for index, again in found.again.items():
            again.beside[index] = found.kept_beside[index]
        found.last = found._last_uses(planned)
        return found

    def _last_uses(self, planned: Plan) -> dict[int, int]:
        """The last node that holds each buffer: a block's inputs until it ends, unless released early."""
        last = {self.buffer[output]: len(self.nodes) for output in planned.outputs.values()}
        for call in planned.calls:
            for index in range(call.start, call.end):
                for source in self.nodes[index].inputs:
                    held = index
                    if self.again:
                        again = self.again.get(index)
                        held = again.nodes[-1] if again and source < again.nodes.start else index
                    elif source in call.inputs and not planned.releases_early:
                        held = call.end - 1
                    for buffer in self._behind(source):
                        last[buffer] = max(last.get(buffer, 0), held)
        return last

    def _behind(self, index: int) -> set[int]:
        """The buffers that hold a signal: several where maps are joined without a copy."""
        operation = self.nodes[index].operation
        if operation is not None and operation.is_view and operation.elementwise:
            return set().union(*map(self._behind, self.nodes[index].inputs))
        return {self.buffer[index]}

    def kept_buffers(self) -> dict[int, int]:
        """By buffer the first node whose backward pass needs it: until then it is kept."""
        kept: dict[int, int] = {}
        for index, node in enumerate(self.nodes):
            if node.operation is None:
                continue
            again = self.again.get(index)
            if again is not None:
                for source in node.inputs:
                    if self.buffer[source] < again.nodes.start:
                        kept[self.buffer[source]] = min(kept.get(self.buffer[source], index), again.nodes.start)
            keeps_output = node.operation.keeps_output and index not in self.constant
            needed = node.inputs * self.holds_inputs[index] + (index,) * keeps_output
            for buffer in (self.buffer[source] for source in needed):
                if again is None:
                    kept.setdefault(buffer, index)
                elif buffer >= again.nodes.start:
                    again.kept.setdefault(buffer, index)
        return kept

    def forward(self, kept: dict[int, int]) -> tuple[int, int, dict[int, int]]:
        """The peak of a forward pass, the bytes held at its end, and those by buffer.

        `kept` are the buffers that the backward pass needs.
        """
        alive: dict[int, int] = {}
        held = peak = self.padding
        for index in range(1, len(self.nodes)):
            if self.buffer[index] == index:
                alive[index] = self.bytes[index]
                held += self.bytes[index]
            peak = max(peak, held + max(self.workspaces[index].forward, self.kept_beside[index]))
            held += self.kept_beside[index] if index not in self.again else 0
            for done in [one for one in alive if one not in kept and self.last.get(one, one) <= index]:
                held -= alive.pop(done)
        return peak, held, alive


class _Backward:
    """The backward pass: gradients appear from the outputs on, and what was kept goes.

    Several gradients may share one buffer: those of the terms of a sum are the gradient of the sum.
    """

    def __init__(
        self,
        ledger: _Ledger,
        outputs: Collection[int],
        kept: dict[int, int],
        held: int,
        alive: dict[int, int],
    ) -> None:
        self.ledger = ledger
        self.kept = kept
        self.alive = alive
        self.gradient = {output: output for output in outputs}
        """By signal, the buffer of its gradient; a buffer has the number of the signal that it was made for."""
        self.sharing = dict.fromkeys(outputs, 1)
        self.held = held + sum(ledger.bytes[output] for output in outputs)
        self.highest = self.held

    def peak(self) -> int:
        """The most bytes that are held at once."""
        for index in range(len(self.ledger.nodes) - 1, 0, -1):
            again = self.ledger.again.get(index)
            if again is not None and index == again.nodes[-1]:
                self._compute_again(again)
            if index in self.gradient:
                self._step(index)
        return self.highest

    def _compute_again(self, again: _Again) -> None:
        """Makes what the backward pass needs of a stretch, as new buffers with negative numbers."""
        passing: dict[int, int] = {}
        ledger = self.ledger
        for index in range(again.nodes.start, again.last + 1):
            if ledger.buffer[index] == index:
                self.held += ledger.bytes[index]
                passing[index] = ledger.bytes[index]
            self._note(max(ledger.workspaces[index].forward, again.beside[index]))
            self.held += again.beside[index]
            for done in [one for one in passing if one not in again.kept and ledger.last.get(one, one) <= index]:
                self.held -= passing.pop(done)
        for buffer, count in passing.items():
            if buffer in again.kept:
                self.alive[-buffer], self.kept[-buffer] = count, again.kept[buffer]
            else:
                self.held -= count

    def _step(self, index: int) -> None:
        """Computes the gradients of an operation's inputs, and frees its own."""
        own = self.gradient.pop(index)
        node, workspace = self.ledger.nodes[index], self.ledger.workspaces[index]
        assert node.operation is not None, "the image has no gradient"
        sources = [source for source in node.operation.valued(node.inputs) if source not in self.ledger.constant]
        if node.operation.passes_gradient:
            for source in sources:
                self._share(source, own)
        else:
            self._note(workspace.backward if sources else workspace.weights)
            for source in sources:
                self._give(source)
        self._release(own)
        self.held -= self.ledger.kept_beside[index]
        for buffer in [one for one in self.alive if self.kept.get(one) == index]:
            self.held -= self.alive.pop(buffer)

    def _share(self, source: int, buffer: int) -> None:
        """Makes an existing buffer the gradient of a signal, or adds it to the gradient that the signal has."""
        if source not in self.gradient:
            self.gradient[source] = buffer
            self.sharing[buffer] += 1
        elif self.sharing[self.gradient[source]] > 1:
            self._own(source)

    def _give(self, source: int) -> None:
        """Makes a new gradient of a signal; a second one is added to the first, in place where that is not shared."""
        self.held += self.ledger.bytes[source]
        self._note()
        if source not in self.gradient:
            self.gradient[source] = source
            self.sharing[source] = 1
            return
        if self.sharing[self.gradient[source]] > 1:
            self._own(source)
        self.held -= self.ledger.bytes[source]

    def _own(self, source: int) -> None:
        """Makes a sum beside its two terms, and frees the first."""
        self.held += self.ledger.bytes[source]
        self._note()
        self._release(self.gradient[source])
        self.gradient[source] = source
        self.sharing[source] = 1

    def _release(self, buffer: int) -> None:
        """Frees a buffer that no other gradient shares."""
        self.sharing[buffer] -= 1
        if not self.sharing[buffer]:
            self.held -= self.ledger.bytes[buffer]

    def _note(self, more: int = 0) -> None:
        """Updates the peak with the bytes held now and `more`."""
        self.highest = max(self.highest, self.held + more)
