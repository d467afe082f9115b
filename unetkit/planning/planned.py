"""The plan of a spec: its graph of operations, and what follows from it for every size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from math import floor
from typing import Any, TypeVar

from unetkit.document.reader import written_form
from unetkit.errors import Fault, SizeError
from unetkit.geometry import Grid, Interval, SizeSet, fixed
from unetkit.language import Spec
from unetkit.planning import propagate
from unetkit.planning.alignment import Alignment, accepted, aligned
from unetkit.planning.propagate import Misalignment
from unetkit.planning.receptive import LARGE, receptive_field
from unetkit.planning.refusal import AXES, signal_sizes
from unetkit.planning.sized import Size, SizedPlan, node_parameters, position, step
from unetkit.planning.wire import Pieces, wire
from unetkit.signal import Call, Node
from unetkit.wording import size_text

T = TypeVar("T")


def plan(spec: Spec, pieces: Pieces | None = None) -> Plan:
    """Returns the plan of a spec. Raises SpecError where its blocks do not go together.

    `pieces` is kept by who plans many specs that have blocks in common, and is empty at first.

    >>> from unetkit.language import load
    >>> plan(load("unet-2015")).output_size((572, 572))
    (388, 388)
    """
    graph, output = wire(spec, pieces)
    return Plan(spec, tuple(graph.nodes), tuple(graph.spans), output.index)


class Plan:
    """What a spec means: `nodes` are its operations in execution order, `spans` group them by block."""

    def __init__(self, spec: Spec, nodes: tuple[Node, ...], spans: tuple[Call, ...], output: int) -> None:
        self.spec = spec
        self.nodes = nodes
        self.spans = spans
        self.output = output

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and (self is other or (self.spec, self._graph) == (other.spec, other._graph))

    def __hash__(self) -> int:
        return hash((self.spans, self.output))

    def __copy__(self) -> Plan:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Plan:
        return self  # it is never changed

    def __reduce__(self) -> tuple[Any, ...]:
        return plan, (self.spec,)

    def __repr__(self) -> str:
        return f"<Plan of {self.spec}; {len(self.spans)} blocks, {self.parameters:,} parameters>"

    @property
    def _graph(self) -> tuple[Any, ...]:
        return self.nodes, self.spans, self.output

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
        from hashlib import sha256  # OpenSSL takes 2 ms to import, and most commands need no digest

        return sha256("\n".join(self.listing()).encode()).hexdigest()

    def listing(self) -> list[str]:
        """Returns the network as text: each operation with its name, torch layer and inputs, and how weights begin."""
        return [*self.heading(), *(line for span in self.spans for line in self.lines(span))]

    def heading(self) -> Iterator[str]:
        """Yields what the network is beside its blocks, as text."""
        init = " ".join(map(str, written_form(self.spec.init, self.spec.types).values()))
        own = f"{init} " if " " not in init else init  # as digests have had it
        yield f"dims={self.dims} in={self.nodes[0].channels} output={self.output} init={own}"
        if self.pads:
            yield f"odd sizes: {self.spec.odd_sizes.padding}"

    def lines(self, span: Call) -> Iterator[str]:
        """Yields a block as text: each operation with its name, torch layer and inputs."""
        yield f"{span.scope} {span.inputs} -> {span.output}"
        for index in range(span.start, span.end):
            yield f"{index} {self.nodes[index].name} = {self.layer(index)} {self.nodes[index].inputs}"

    def layer(self, index: int) -> Any:
        """Returns the torch layer of a node, as a value."""
        node = self.nodes[index]
        assert node.operation is not None, "the input has no layer"
        return node.operation.layer(tuple(self.nodes[i].channels for i in node.inputs), self.dims)

    @cached_property
    def is_global(self) -> tuple[str, ...]:
        """Names of the operations whose every output sample depends on the whole image; empty: the network is local."""
        return tuple(
            f"{span.scope}.{self.nodes[index].name}"
            for span in self.spans
            for index in range(span.start, span.end)
            if (operation := self.nodes[index].operation) is not None and operation.is_global
        )

    @cached_property
    def channels_last(self) -> bool:
        """Whether all channels of a sample lie together in training and prediction, as is mostly quickest."""
        first = any(node.operation is not None and node.operation.channels_first for node in self.nodes)
        return self.dims > 1 and not first

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Names of the operations whose facts were measured, not derived from what their block says."""
        return tuple(
            f"{span.scope}.{node.name}"
            for span in self.spans
            for node in self.nodes[span.start : span.end]
            if node.operation is not None and node.operation.measured
        )

    @cached_property
    def equal_axes(self) -> Size:
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
        """Per axis, all input sizes for which no operation fails; with odd sizes padded, all that leave an output."""
        return self._per_axis(self._padded if self.pads else lambda axis: accepted(self.nodes, axis))

    def _padded(self, axis: int) -> SizeSet:
        inner = self.preferred_sizes[axis].minimum
        if inner is None:
            return self.preferred_sizes[axis]
        output = propagate.sizes(self.nodes, axis, inner)[0][self.output]
        return SizeSet((), max(1, inner - fixed(output) + 1), 1, (0,))

    @cached_property
    def aligned(self) -> tuple[SizeSet, ...]:
        """Per axis, the accepted sizes at which nothing is dropped and skips meet the decoder with the least offset."""
        return self._per_axis(lambda axis: aligned(self.nodes, axis, self.output, self.main_inputs))

    @cached_property
    def preferred_sizes(self) -> tuple[SizeSet, ...]:
        """Per axis, the sizes to bring an image to: the aligned ones, or all accepted ones where none is aligned."""
        return self._per_axis(lambda axis: self.aligned[axis] or accepted(self.nodes, axis))

    def _per_axis(self, make: Callable[[int], T]) -> tuple[T, ...]:
        """Returns what `make` gives for each axis; twins are asked once."""
        made = {axis: make(axis) for axis in dict.fromkeys(self.equal_axes)}
        return tuple(made[axis] for axis in self.equal_axes)

    @cached_property
    def main_inputs(self) -> dict[int, int]:
        """Where encoder and decoder meet in a skip: which input, by node, is the decoder's."""
        found: dict[int, int] = {}
        for span in self.spans:
            if len(span.inputs) < 2:
                continue
            derived = {span.inputs[0]}
            for index in range(span.start, span.end):
                operation, inputs = self.nodes[index].operation, self.nodes[index].inputs
                counted = inputs if operation is not None and operation.elementwise else inputs[:1]
                leading = next((number for number, source in enumerate(counted) if source in derived), None)
                if leading is not None:
                    derived.add(index)
                    found[index] = leading
        return found

    def alignment(self, size: Size) -> tuple[Alignment, ...]:
        """Returns per axis how a size fits: offsets between skips and decoder by level, and what is dropped.

        >>> from unetkit.language import load
        >>> plan(load("unet-2015")).alignment((570, 570))[0].offsets
        {3: 0.0, 2: 4.0, 1: 6.0, 0: 7.0}
        """
        self.output_size(size)
        return self._along(self._alignment, self.padded_size(tuple(size)))

    def _along(self, make: Callable[[int, int], T], size: Size) -> tuple[T, ...]:
        """Returns what `make` gives for each axis and the size along it; twins of one size are asked once."""
        made = {key: make(*key) for key in {(self.equal_axes[axis], n) for axis, n in enumerate(size)}}
        return tuple(made[self.equal_axes[axis], n] for axis, n in enumerate(size))

    def _alignment(self, axis: int, n: int) -> Alignment:
        found = propagate.sizes(self.nodes, axis, n)[0]
        meetings: list[Misalignment] = []
        propagate.grids(self.nodes, axis, found, self.main_inputs, meetings)
        offsets: dict[int, float] = {}
        for meeting in meetings:
            _, level, slot = position(self.span_of(meeting.node).scope, self.spec.depth)
            if slot == "skip":
                offsets[level] = max(offsets.get(level, 0.0), meeting.offset)
        dropped = {}
        for index, node in enumerate(self.nodes):
            if node.operation is not None and not node.operation.pointwise:
                lost = node.operation.dropped(axis, tuple(found[i] for i in node.inputs))
                if lost:
                    dropped[f"{self.span_of(index).scope}.{node.name}"] = fixed(lost)
        return Alignment(n in self.aligned[axis], offsets, dropped)

    def shift_warning(self, size: Size) -> str:
        """Returns what is wrong with a size that is accepted but not aligned; nothing where it is aligned."""
        parts = []
        outputs = self.output_size(size)
        for name, n, m, sizes, fit in zip(
            AXES[self.dims], size, outputs, self.aligned, self.alignment(size), strict=True
        ):
            if fit.aligned:
                continue
            apart = [f"{offset:g} at level {level}" for level, offset in fit.offsets.items() if offset]
            told = [f"encoder and decoder are {', '.join(apart)} input pixels apart"] if apart else []
            if fit.dropped:
                told.append(f"{sum(fit.dropped.values())} samples at the far end are dropped")
            if m > n:
                told.append(f"the output has {m} samples, more than the image")
            near = [str(other) for other in (sizes.below(n), sizes.above(n)) if other is not None]
            advice = f"; nearest aligned sizes: {', '.join(near)}" if near else ""
            parts.append(f"{name} {n}: {', and '.join(told) or 'the grids drift apart'}{advice}")
        return f"{self.spec.name}: this size runs but is not aligned. {'. '.join(parts)}" if parts else ""

    def span_of(self, index: int) -> Call:
        """Returns the block that an operation belongs to."""
        return next(span for span in self.spans if span.start <= index < span.end)

    def output_grid(self, size: Size) -> tuple[Grid, ...]:
        """Returns per axis where the output's samples sit, in input pixels.

        >>> from unetkit.language import load
        >>> plan(load("unet-2015")).output_grid((572, 572))[0].start
        Fraction(92, 1)
        """
        self.output_size(size)
        return self._along(self._output_grid, self.padded_size(tuple(size)))

    def _output_grid(self, axis: int, n: int) -> Grid:
        found = propagate.sizes(self.nodes, axis, n)[0]
        return propagate.grids(self.nodes, axis, found, self.main_inputs)[self.output]

    def block_grid(self, scope: str, size: Size) -> tuple[tuple[Grid, int], ...]:
        """Returns per axis where the samples of a block's output sit, in input pixels, and how many they are.

        >>> from unetkit.language import load
        >>> plan(load("unet-same")).block_grid("decoder.1.block", (64, 64))[0]
        (Grid(start=Fraction(1, 2), step=Fraction(2, 1)), 32)
        """
        self.output_size(size)
        (index,) = (span.output for span in self.spans if span.scope == scope)

        def along(axis: int, n: int) -> tuple[Grid, int]:
            found = propagate.sizes(self.nodes, axis, n)[0]
            return propagate.grids(self.nodes, axis, found, self.main_inputs)[index], fixed(found[index])

        return self._along(along, self.padded_size(tuple(size)))

    def output_size(self, size: Size) -> Size:
        """Returns the spatial size of the output; raises SizeError where the input size does not fit."""
        size = tuple(size)
        inner = self.padded_size(size)
        return self._cut(size, inner, signal_sizes(self, inner, size)[self.output])

    @property
    def pads(self) -> bool:
        """Whether images of any size are padded to an aligned one, as a part of the network."""
        return self.spec.odd_sizes.padding is not None

    def padded_size(self, size: Size) -> Size:
        """Returns the size in which an image enters the graph: where odd sizes are padded, the next aligned one."""
        if not self.pads:
            return size
        inner = tuple(sizes.above(n) for sizes, n in zip(self.preferred_sizes, size, strict=False))
        if len(size) != self.dims or None in inner or min(size) < 1:
            return size  # which is then refused like any other
        return tuple(n for n in inner if n is not None)

    def _cut(self, size: Size, inner: Size, output: Size) -> Size:
        """Returns the size of the output without what was computed from padding only."""
        cut = tuple(m - (p - n) for m, p, n in zip(output, inner, size, strict=True))
        if min(cut) < 1:
            least = tuple(p - m + 1 for m, p in zip(output, inner, strict=True))
            cure = f"Images of at least {size_text(least)} have an output."
            raise SizeError(Fault("size-too-small", f"nothing is left of an image of {size_text(size)}", cure=cure))
        return cut

    def at(self, size: Size) -> SizedPlan:
        """Returns the plan at one input size; raises SizeError where it does not fit."""
        size = tuple(size)
        inner = self.padded_size(size)
        sizes = signal_sizes(self, inner, size)
        output = self._cut(size, inner, sizes[self.output])
        steps = tuple(
            step(self.nodes, sizes, span, self.spec.type_of(self.spec.parts[span.scope]), self.spec.depth)
            for span in self.spans
        )
        return SizedPlan(self, size, output, sizes, sum(one.macs for one in steps), steps)

    def receptive_interval(self, axis: int, position: int, size: int) -> Interval | None:
        """Returns the input positions that an output position depends on, not cut at the borders of the image."""
        found = [int(n) for n in propagate.sizes(self.nodes, axis, size)[0]]  # type: ignore[arg-type]
        return propagate.needs(self.nodes, axis, found, self.output, Interval(position, position))

    @cached_property
    def receptive_fields(self) -> tuple[tuple[int, int] | None, ...]:
        """Per axis, the least and the most input samples that one output sample depends on, over all its phases.

        None where that is the whole image, or where no size is accepted. Upsampling makes neighbours differ; where what
        an operation reads depends on the size of the image, it is that of an image of natural size.
        """
        return self._per_axis(self._receptive_field)

    def _receptive_field(self, axis: int) -> tuple[int, int] | None:
        size = self.preferred_sizes[axis].minimum
        if size is None:
            return None
        large = lambda: self.preferred_sizes[axis].above(LARGE[self.dims]) or size  # noqa: E731 - mostly not needed
        return receptive_field(self.nodes, axis, self.output, size, large)

    @property
    def receptive_field(self) -> tuple[int | None, ...]:
        """Per axis, the most input samples that one output sample depends on; None where that is the whole image."""
        return tuple(widths and widths[1] for widths in self.receptive_fields)

    def crop_target(self, size: Size) -> tuple[slice, ...]:
        """Returns the slices that cut a label map of the input's size to the output, by the output's grid.

        A grid between pixels is rounded down, and the slices stay within the image. Raises ValueError where the output
        has another resolution than the input.

        >>> from unetkit.language import load
        >>> plan(load("unet-2015")).crop_target((573, 572))
        (slice(92, 480, None), slice(92, 480, None))
        """
        slices = []
        for n, m, grid in zip(size, self.output_size(size), self.output_grid(size), strict=True):
            if grid.step != 1:
                raise ValueError(f"the output has a sample every {grid.step} pixels: labels cannot be cut to it")
            start = min(max(0, floor(grid.start)), max(0, n - m))
            slices.append(slice(start, start + m))
        return tuple(slices)
