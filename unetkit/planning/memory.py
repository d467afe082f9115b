"""Memory: which signals are alive at the same time, forwards and backwards, for one size, batch and number type.

What is counted are the tensors of a run on the CPU, with the copies that oneDNN makes of what goes into and comes out
of a convolution, and whose width is the processor's. The image itself, parameters and their gradients are not counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from unetkit.operations import ChannelNormalization, Concatenation, Dropout, Gate, InstanceNorm
from unetkit.operations.operation import volume
from unetkit.planning.overwrite import may_overwrite, readers
from unetkit.planning.planned import Plan
from unetkit.planning.sized import Size
from unetkit.planning.workspace import Execution, MapShape, Work, gives_channels_last, moments, padded_kept, work
from unetkit.signal import Call

ALONE = Execution()
"""One image, fp32, as `build` makes the network: channels come first in memory."""
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


def needed_memory(planned: Plan, size: Size, run: Execution = ALONE, *, recomputed: Collection[str] = ()) -> Memory:
    """Returns the memory that the network needs for images of a size; raises SizeError where the size does not fit.

    `recomputed` are the blocks that are computed again in the backward pass, as in `decoder.0.block`; the peak of the
    training is then an upper bound.
    """
    weights = planned.parameters * run.itemsize
    return Memory(
        inference=inference_bytes(planned, size, run),
        training=training_bytes(planned, size, run, recomputed),
        weights=weights,
        gradients=weights,
        optimizer=OPTIMIZER_COPIES["adam"] * weights,
    )


class Ledger:
    """The tensors of one size: bytes of each signal, which signals share one buffer, and what each operation borrows.

    In `training`, dropout makes a signal of its own.
    """

    def __init__(self, planned: Plan, size: Size, run: Execution, *, training: bool = False) -> None:
        sizes = planned.at(size).sizes
        nodes = self.nodes = planned.nodes
        maps = [MapShape(node.channels, shape) for node, shape in zip(nodes, sizes, strict=True)]
        self.bytes = [run.bytes(*one) for one in maps]
        self.padding = self.bytes[0] if planned.pads and volume(sizes[0]) != volume(size) else 0
        self.works = [Work()] * len(nodes)
        self.beside = [0] * len(nodes)
        self.buffer = list(range(len(nodes)))
        shared = readers(planned)
        last = [run.channels_last] * len(nodes)
        """Whether all channels of a sample lie together, by signal."""
        for index, node in enumerate(nodes):
            operation = node.operation
            if operation is None:
                continue
            taken = maps[node.inputs[0]]
            inputs = node.inputs if operation.elementwise else node.inputs[:1]
            own = run._replace(channels_last=all(last[source] for source in inputs))
            last[index] = gives_channels_last(operation, taken, own)
            self.works[index] = work(operation, taken, maps[index], own)
            self.beside[index] = operation.mask_bytes * run.bytes(*maps[index]) // run.itemsize
            self.beside[index] += padded_kept(operation, taken, run)
            self.beside[index] += moments(taken, run) * isinstance(operation, ChannelNormalization)
            view = operation.is_view and not (training and isinstance(operation, Dropout))
            if view or may_overwrite(planned, index, shared):
                self.buffer[index] = self.buffer[node.inputs[0]]
                if isinstance(nodes[node.inputs[0]].operation, InstanceNorm | ChannelNormalization):
                    # They give a view: what is written over that is taken back through a copy of the whole.
                    self.works[index] = Work(0, 3 * self.bytes[index])
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

    def forward(self, kept: dict[int, int], *, beside: bool) -> tuple[int, int, dict[int, int]]:
        """Returns the peak of a forward pass, what is held at its end, and that by buffer.

        `kept` are the buffers that the backward pass needs; `beside`: what it needs beside signals is held too.
        """
        alive: dict[int, int] = {}
        held = peak = self.padding
        for index in range(1, len(self.nodes)):
            if self.buffer[index] == index:
                alive[index] = self.bytes[index]
                held += self.bytes[index]
            peak = max(peak, held + max(self.works[index].forward, self.beside[index] * beside))
            held += self.beside[index] * beside
            for done in [one for one in alive if one not in kept and self.last.get(one, one) <= index]:
                held -= alive.pop(done)
        return peak, held, alive

    def forget(self, span: Call, kept: dict[int, int]) -> int:
        """Keeps nothing of what is made within a block, and returns the bytes that would have been kept."""
        inside = range(span.start, span.end)
        gone = sum(self.beside[index] for index in inside)
        for index in inside:
            self.beside[index] = 0
            if self.buffer[index] == index and index != self.buffer[span.output] and kept.pop(index, None) is not None:
                gone += self.bytes[index]
        return gone


def inference_bytes(planned: Plan, size: Size, run: Execution) -> int:
    """Returns the peak of all activations in a forward pass without gradients: liveness over the graph."""
    return Ledger(planned, size, run).forward({}, beside=False)[0]


def training_bytes(planned: Plan, size: Size, run: Execution, recomputed: Collection[str] = ()) -> int:
    """Returns the peak of all activations in a forward and a backward pass: what is kept for it, and its gradients.

    Blocks that are `recomputed` keep nothing but their inputs; the largest of them is counted once more, whole.
    """
    ledger = Ledger(planned, size, run, training=True)
    kept = kept_buffers(ledger)
    again = max((ledger.forget(span, kept) for span in planned.spans if span.scope in recomputed), default=0)
    peak, held, alive = ledger.forward(kept, beside=True)
    return max(peak, Backward(ledger, kept, held, alive).peak() + again)


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


class Backward:
    """The backward pass: gradients appear from the output on, and what was kept goes.

    Several gradients may share one buffer: those of what a concatenation or a sum joined are the gradient of the whole.
    """

    def __init__(self, ledger: Ledger, kept: dict[int, int], held: int, alive: dict[int, int]) -> None:
        self.ledger = ledger
        self.kept = kept
        self.alive = alive
        output = len(ledger.nodes) - 1
        self.gradient = {output: output}
        """By signal, the buffer of its gradient; a buffer has the number of the signal that it was made for."""
        self.sharing = {output: 1}
        self.held = held + ledger.bytes[output]
        self.highest = self.held

    def peak(self) -> int:
        """Returns the most bytes that are held at once."""
        for index in range(len(self.ledger.nodes) - 1, 0, -1):
            if index in self.gradient:
                self.step(index)
        return self.highest

    def step(self, index: int) -> None:
        """Computes the gradients of an operation's inputs, and lets go of its own."""
        own = self.gradient.pop(index)
        operation, work_ = self.ledger.nodes[index].operation, self.ledger.works[index]
        sources = list(self.sources(index))
        if operation is not None and (operation.passes_gradient or isinstance(operation, Concatenation)):
            for source in sources:
                self.share(source, own)
        else:
            self.note(work_.backward if sources else work_.weights)
            for source in sources:
                self.give(source)
        self.release(own)
        self.held -= self.ledger.beside[index]
        for buffer in [one for one in self.alive if self.kept.get(one) == index]:
            self.held -= self.alive.pop(buffer)

    def sources(self, index: int) -> Iterator[int]:
        """Yields the inputs whose values count; the image has no gradient."""
        operation, inputs = self.ledger.nodes[index].operation, self.ledger.nodes[index].inputs
        every = operation is not None and (operation.elementwise or isinstance(operation, Gate))
        yield from (source for source in (inputs if every else inputs[:1]) if source)

    def share(self, source: int, buffer: int) -> None:
        """Makes a buffer that exists the gradient of a signal, or adds it to what the signal has."""
        if source not in self.gradient:
            self.gradient[source] = buffer
            self.sharing[buffer] += 1
        elif self.sharing[self.gradient[source]] > 1:
            self.own(source)

    def give(self, source: int) -> None:
        """Makes a new gradient of a signal; a second one is added to the first, in place where nobody shares that."""
        self.held += self.ledger.bytes[source]
        self.note()
        if source not in self.gradient:
            self.gradient[source] = source
            self.sharing[source] = 1
            return
        if self.sharing[self.gradient[source]] > 1:
            self.own(source)
        self.held -= self.ledger.bytes[source]

    def own(self, source: int) -> None:
        """Makes a sum beside its two terms, and lets go of the first."""
        self.held += self.ledger.bytes[source]
        self.note()
        self.release(self.gradient[source])
        self.gradient[source] = source
        self.sharing[source] = 1

    def release(self, buffer: int) -> None:
        """Frees a buffer that nobody shares any more."""
        self.sharing[buffer] -= 1
        if not self.sharing[buffer]:
            self.held -= self.ledger.bytes[buffer]

    def note(self, more: int = 0) -> None:
        """Notes what is held now, and so many bytes more."""
        self.highest = max(self.highest, self.held + more)
