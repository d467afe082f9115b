"""Memory: which signals are alive at the same time, forwards and backwards, for one size, batch and number type.

What is counted are the tensors of a run on the CPU, with the copies that oneDNN makes of what goes into and comes out
of a convolution. The image itself, the parameters and their gradients are not among them.
"""

from __future__ import annotations

from typing import NamedTuple

from unetkit.operations.operation import volume
from unetkit.planning.overwrite import may_overwrite, readers
from unetkit.planning.planned import Plan
from unetkit.planning.sized import Size

OPTIMIZER_COPIES = {"sgd": 0, "momentum": 1, "adam": 2}
"""Values per parameter that an optimiser keeps."""


class Memory(NamedTuple):
    """Bytes at one size, batch and number type.

    `inference` and `training` are the peaks of activations; `weights` and `gradients` one value per parameter (and per
    buffer); `optimizer` what Adam keeps.
    """

    inference: int
    training: int
    weights: int
    gradients: int
    optimizer: int

    def json(self) -> dict[str, int]:
        """The memory as plain values."""
        return dict(self._asdict())


def needed_memory(planned: Plan, size: Size, *, batch: int = 1, itemsize: int = 4) -> Memory:
    """Returns the memory that the network needs for images of a size; raises SizeError where the size does not fit."""
    weights = planned.parameters * itemsize
    return Memory(
        inference=inference_bytes(planned, size, batch=batch, itemsize=itemsize),
        training=training_bytes(planned, size, batch=batch, itemsize=itemsize),
        weights=weights,
        gradients=weights,
        optimizer=OPTIMIZER_COPIES["adam"] * weights,
    )


class Ledger:
    """The tensors of one size: bytes of each signal, and which signals share one buffer."""

    def __init__(self, planned: Plan, size: Size, unit: int) -> None:
        sizes = planned.at(size).sizes
        nodes = self.nodes = planned.nodes
        self.bytes = [node.channels * volume(shape) * unit for node, shape in zip(nodes, sizes, strict=True)]
        shared = readers(planned)
        self.buffer = list(range(len(nodes)))
        for index, node in enumerate(nodes):
            if node.operation is not None and (node.operation.is_view or may_overwrite(planned, index, shared)):
                self.buffer[index] = self.buffer[node.inputs[0]]
        self.last = self._last_uses(planned)

    def _last_uses(self, planned: Plan) -> dict[int, int]:
        """Returns by buffer the last node that holds it; a block's inputs are held until the block ends."""
        last = {self.buffer[planned.output]: len(self.nodes)}
        for span in planned.spans:
            for index in range(span.start, span.end):
                for source in self.nodes[index].inputs:
                    held = span.end - 1 if source in span.inputs else index
                    buffer = self.buffer[source]
                    last[buffer] = max(last.get(buffer, 0), held)
        return last

    def scratch(self, index: int, itemsize: int) -> tuple[int, int]:
        """Returns the bytes that an operation borrows while it runs: beside its output, and in place of it at first."""
        node = self.nodes[index]
        operation = node.operation
        if operation is None or not operation.copies_at_work:
            return 0, 0
        taken = tuple(self.nodes[i].channels for i in node.inputs)
        copies = sum(self.bytes[i] for i in node.inputs) + operation.parameters(taken) * itemsize
        return copies, self.bytes[index] * operation.copies_at_work


def inference_bytes(planned: Plan, size: Size, *, batch: int = 1, itemsize: int = 4) -> int:
    """Returns the peak of all activations in a forward pass without gradients: liveness over the graph."""
    ledger = Ledger(planned, size, batch * itemsize)
    alive: dict[int, int] = {}
    held = peak = 0
    for index in range(1, len(ledger.nodes)):
        buffer = ledger.buffer[index]
        own = 0
        if buffer == index:
            own = alive[index] = ledger.bytes[index]
        copies, twin = ledger.scratch(index, itemsize)
        held += own
        peak = max(peak, held + max(copies, twin))
        for done in [one for one in alive if ledger.last.get(one, one) <= index]:
            held -= alive.pop(done)
    return peak


def training_bytes(planned: Plan, size: Size, *, batch: int = 1, itemsize: int = 4) -> int:
    """Returns the peak of all activations in a forward and a backward pass: what is kept for it, and its gradients."""
    ledger = Ledger(planned, size, batch * itemsize)
    kept = kept_buffers(ledger)
    masks = {
        index: node.operation.mask_bytes * ledger.bytes[index] // itemsize
        for index, node in enumerate(ledger.nodes)
        if node.operation is not None and node.operation.mask_bytes
    }
    held = peak = 0
    alive: dict[int, int] = {}
    for index in range(1, len(ledger.nodes)):
        own = 0
        if ledger.buffer[index] == index:
            own = alive[index] = ledger.bytes[index]
        copies, twin = ledger.scratch(index, itemsize)
        held += own + masks.get(index, 0)
        peak = max(peak, held + max(copies, twin))
        for done in [one for one in alive if one not in kept and ledger.last.get(one, one) <= index]:
            held -= alive.pop(done)
    return max(peak, backward_peak(ledger, alive, masks, held, itemsize))


def kept_buffers(ledger: Ledger) -> dict[int, int]:
    """Returns by buffer the first node whose backward pass needs it: until then it is kept."""
    kept: dict[int, int] = {}
    for index, node in enumerate(ledger.nodes):
        operation = node.operation
        if operation is None:
            continue
        needed = [source for source in node.inputs if operation.keeps_input] + [index] * operation.keeps_output
        for source in needed:
            kept.setdefault(ledger.buffer[source], index)
    return kept


def backward_peak(ledger: Ledger, alive: dict[int, int], masks: dict[int, int], held: int, itemsize: int) -> int:
    """Returns the peak of the backward pass: gradients appear from the output on, and what was kept goes."""
    kept = kept_buffers(ledger)
    gradients: dict[int, int] = {len(ledger.nodes) - 1: ledger.bytes[-1]}
    held += ledger.bytes[-1]
    peak = held
    for index in range(len(ledger.nodes) - 1, 0, -1):
        node = ledger.nodes[index]
        if node.operation is None or index not in gradients:
            continue
        given = summed = 0
        for source in node.inputs:
            if source and source not in gradients:
                gradients[source] = 0 if node.operation.passes_gradient else ledger.bytes[source]
                given += gradients[source]
            elif source:
                summed = max(summed, ledger.bytes[source])  # a second gradient exists until it is added to the first
        copies, _ = ledger.scratch(index, itemsize)
        held += given
        peak = max(peak, held + max(summed, copies + ledger.bytes[index] if copies else 0))
        if node.operation.passes_gradient and len(node.inputs) == 1 and node.inputs[0]:
            gradients[node.inputs[0]] += gradients.pop(index)
        else:
            held -= gradients.pop(index)
        held -= masks.pop(index, 0)
        for buffer in [one for one in alive if kept.get(one) == index]:
            held -= alive.pop(buffer)
    return peak
