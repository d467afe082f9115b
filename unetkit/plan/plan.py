"""The plan of a spec: its graph of operations, and what follows from it for every size."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Any

from unetkit.errors import Fault, SizeError
from unetkit.geometry import Interval, SizeSet, size_set
from unetkit.plan import propagate
from unetkit.plan.sized import Size, SizedPlan, node_parameters, step
from unetkit.plan.wire import wire
from unetkit.signal import Node, Span
from unetkit.spec import Spec

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the axes are called in messages."""


def plan(spec: Spec) -> Plan:
    """Returns the plan of a spec. Raises SpecError where its blocks do not go together.

    >>> from unetkit.spec import load
    >>> plan(load("unet-2015")).output_size((572, 572))
    (388, 388)
    """
    graph, output = wire(spec)
    return Plan(spec, tuple(graph.nodes), tuple(graph.spans), output.index)


class Plan:
    """What a spec means: `nodes` are its operations in execution order, `spans` group them by block."""

    def __init__(self, spec: Spec, nodes: tuple[Node, ...], spans: tuple[Span, ...], output: int) -> None:
        self.spec = spec
        self.nodes = nodes
        self.spans = spans
        self.output = output

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return self.spec.dims

    @cached_property
    def parameters(self) -> int:
        """Trainable parameters."""
        return sum(node_parameters(self.nodes, index) for index in range(len(self.nodes)))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the architecture: equal for equal networks, whatever their spec looks like."""
        return sha256("\n".join(self.listing()).encode()).hexdigest()

    def listing(self) -> list[str]:
        """Returns the network as text: each operation with its name, torch layer and inputs, and how weights begin."""
        nodes, init = self.nodes, self.spec.init
        lines = [f"dims={self.dims} in={nodes[0].channels} output={self.output} init={init.type} {init.std or ''}"]
        for span in self.spans:
            lines.append(f"{span.scope} {span.inputs} -> {span.output}")
            for index in range(span.start, span.end):
                lines.append(f"{index} {nodes[index].name} = {self.layer(index)} {nodes[index].inputs}")
        return lines

    def layer(self, index: int) -> Any:
        """Returns the torch layer of a node, as a value."""
        node = self.nodes[index]
        assert node.operation is not None, "the input has no layer"
        return node.operation.layer(tuple(self.nodes[i].channels for i in node.inputs), self.dims)

    @cached_property
    def sees_image(self) -> tuple[str, ...]:
        """Names of the operations whose every output sample depends on the whole image; empty: the network is local."""
        return tuple(
            f"{span.scope}.{self.nodes[index].name}"
            for span in self.spans
            for index in range(span.start, span.end)
            if (operation := self.nodes[index].operation) is not None and operation.sees_image
        )

    @cached_property
    def twins(self) -> Size:
        """For each axis the first axis along which everything is the same."""
        return tuple(
            next(first for first in range(axis + 1) if first == axis or self._alike(first, axis))
            for axis in range(self.dims)
        )

    def _alike(self, axis: int, other: int) -> bool:
        operations = (node.operation for node in self.nodes)
        return all(operation is None or operation.pointwise or operation.alike(axis, other) for operation in operations)

    @cached_property
    def accepted(self) -> tuple[SizeSet, ...]:
        """Per axis, all input sizes for which no operation fails."""
        found: dict[int, SizeSet] = {}
        for axis in dict.fromkeys(self.twins):
            found[axis] = size_set(lambda size, axis=axis: propagate.each_limit(self.nodes, axis, size))  # type: ignore[misc]
        return tuple(found[axis] for axis in self.twins)

    def output_size(self, size: Size) -> Size:
        """Returns the spatial size of the output; raises SizeError where the input size does not fit."""
        return self._sizes(tuple(size))[self.output]

    def at(self, size: Size) -> SizedPlan:
        """Returns the plan at one input size; raises SizeError where it does not fit."""
        size = tuple(size)
        sizes = self._sizes(size)
        steps = tuple(
            step(self.nodes, sizes, span, self.spec.type_of(self.spec.parts[span.scope]), self.spec.depth)
            for span in self.spans
        )
        return SizedPlan(self, size, sizes[self.output], sizes, sum(one.macs for one in steps), steps)

    def _sizes(self, size: Size) -> tuple[Size, ...]:
        """Returns the size of every signal; raises SizeError with everything that does not fit."""
        if len(size) != self.dims or not all(isinstance(n, int) and n >= 1 for n in size):
            shape = "×".join(map(str, size))
            raise SizeError(Fault("size-shape", f"{shape} is no size for {self.dims}D", cure="Give one number per axis."))
        columns: dict[tuple[int, int], list[int]] = {}
        faults: dict[str, Fault] = {}
        for axis, n in enumerate(size):
            key = self.twins[axis], n
            if key not in columns:
                found, limits = propagate.sizes(self.nodes, axis, n)
                columns[key] = [int(value) for value in found]  # type: ignore[arg-type]
                broken = next(((index, limit) for index, limit in limits if not limit.holds()), None)
                if broken is not None:
                    index, limit = broken
                    rule = limit.rule.format(*(columns[key][i] for i in self.nodes[index].inputs))
                    faults[rule] = self._misfit(index, limit.code, f"{rule} ({AXES[self.dims][axis]})", axis, n)
        if faults:
            raise SizeError(*faults.values())
        sizes = tuple(zip(*(columns[self.twins[axis], n] for axis, n in enumerate(size)), strict=True))
        self._check_joint(sizes, size)
        return sizes

    def _check_joint(self, sizes: tuple[Size, ...], size: Size) -> None:
        for node in self.nodes:
            if node.operation is not None and not node.operation.pointwise:
                rule = node.operation.joint_limit(sizes[node.inputs[0]])
                if rule:
                    raise SizeError(
                        Fault("size-too-small", f"{rule}; input {'×'.join(map(str, size))} leaves one", cure="Larger images.")
                    )

    def _misfit(self, index: int, code: str, rule: str, axis: int, n: int) -> Fault:
        span = next(span for span in self.spans if span.start <= index < span.end)
        near = [size for size in (self.accepted[axis].below(n), self.accepted[axis].above(n)) if size is not None]
        cure = f"input {n} does not fit this network. "
        cure += f"Nearest sizes that do: {', '.join(map(str, near))}." if near else "No size does."
        if code == "size-mismatch" and getattr(self.spec.parts[span.scope], "align", "") == "same":
            cure += " Or: align: pad."
        return self.spec.blame(Fault(code, rule, span.scope, cure), span.scope, ("align",))

    def receptive_interval(self, axis: int, position: int, size: int) -> Interval | None:
        """Returns the input positions that an output position depends on, not cut at the borders of the image."""
        found = [int(n) for n in propagate.sizes(self.nodes, axis, size)[0]]  # type: ignore[arg-type]
        return propagate.needs(self.nodes, axis, found, self.output, Interval(position, position))

    @cached_property
    def receptive_field(self) -> tuple[int | None, ...]:
        """Per axis, the most input samples that one output sample depends on; None where that is the whole image."""
        found: dict[int, int | None] = {}
        for axis in dict.fromkeys(self.twins):
            size = self.accepted[axis].above(1) if self.accepted[axis] else None
            if size is None:
                found[axis] = None
                continue
            widths = [self.receptive_interval(axis, position, size) for position in range(self._phases(axis))]
            known = [width for width in widths if width is not None]
            found[axis] = max((w.length for w in known), default=0) if all(w.bounded for w in known) else None
        return tuple(found[axis] for axis in self.twins)

    def _phases(self, axis: int) -> int:
        """Returns after how many output samples the same pattern of needs comes again."""
        deepest = 1
        times = {0: (1, 1)}
        for index, node in enumerate(self.nodes):
            if node.operation is not None:
                up, down = times[node.inputs[0]]
                grow, shrink = (1, 1) if node.operation.pointwise else node.operation.rescale(axis)
                times[index] = (up * grow, down * shrink)
                deepest = max(deepest, up * grow // (down * shrink))
        return deepest

    def crop_target(self, size: Size) -> tuple[slice, ...]:
        """Returns the slices that cut a label map of the input's size to the output's, centred.

        >>> from unetkit.spec import load
        >>> plan(load("unet-2015")).crop_target((572, 572))
        (slice(92, 480, None), slice(92, 480, None))
        """
        output = self.output_size(size)
        starts = ((n - m) // 2 for n, m in zip(size, output, strict=True))
        return tuple(slice(start, start + m) for start, m in zip(starts, output, strict=True))
