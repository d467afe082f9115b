"""The plan of a spec: its network as data, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from unetkit.document.reader import written_form
from unetkit.errors import Fault, SizeError
from unetkit.geometry import Grid, Interval, SizeSet
from unetkit.language import Spec
from unetkit.lazy import call_late
from unetkit.operations import Operation
from unetkit.planning import description, fit, propagate
from unetkit.planning.alignment import Alignment
from unetkit.planning.refusal import signal_sizes
from unetkit.planning.sized import SizedPlan, step
from unetkit.planning.spatial_graph import Size, SpatialCall, SpatialGraph, main_inputs, spatial_graph
from unetkit.planning.wiring import Call, Wired, wire
from unetkit.signal import InnerCall, Node
from unetkit.wording import size_text


def plan(spec: Spec) -> Plan:
    """The plan of a spec. Raises SpecError where its blocks do not go together.

    >>> from unetkit.language import load
    >>> plan(load("unet-2015")).output_size((572, 572))
    (388, 388)
    """
    return Plan(spec, wire(spec))


class Plan:
    """What a spec means: `calls` are its components in execution order, `nodes` their operations.

    `preferred` are the sizes to bring an image to along each axis, where they are not those of the network.
    """

    releases_early: ClassVar[bool] = False
    """Whether a signal is released after its last use, and not at the end of the block that reads it."""
    written_over: ClassVar[Mapping[int, int]] = {}  # never written to
    """By node the map over which it writes its output, beside the layers that torch lets do so."""

    def __init__(self, spec: Spec, wired: Wired, preferred: tuple[SizeSet, ...] | None = None) -> None:
        self.spec = spec
        self.calls = wired.calls
        self.outputs = dict(wired.outputs)
        """The node of each output, by name."""
        self.inputs = {"image": 0, **dict(wired.vectors)}
        """The node of each input by name: the image, which may hold several, and vectors."""
        self._blocks = wired.blocks
        self._preferred = preferred

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and (self is other or self._key == other._key)

    def __hash__(self) -> int:
        return hash((self.calls, *self.outputs.items()))

    def __copy__(self) -> Plan:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Plan:
        return self  # it is never changed

    def __reduce__(self) -> tuple[Any, ...]:
        return _planned, (self.spec, self._preferred)

    def __repr__(self) -> str:
        return f"<Plan of {self.spec}; {len(self.calls)} blocks, {self.parameters:,} parameters>"

    def _repr_html_(self) -> str:
        return str(call_late("unetkit.notebook", "plan_html", self))

    def _repr_svg_(self) -> str | None:
        drawing: str | None = call_late("unetkit.notebook", "plan_svg", self)
        return drawing

    @property
    def _key(self) -> tuple[Any, ...]:
        return self.spec, self.nodes, self.calls, self.outputs, self._preferred

    # ---- the network

    @cached_property
    def training_outputs(self) -> tuple[str, ...]:
        """The names of the outputs that exist in training only."""
        return tuple(output.name for output in self.spec.outputs if output.when == "training")

    def for_inference(self) -> Plan:
        """The network without outputs that exist in training only, and what only they need.

        >>> from unetkit.language import load
        >>> heads = {"output": {}, "level_1": {"at": 1, "when": "training"}}
        >>> whole = plan(load({"extends": "unet-small", "heads": heads}))
        >>> whole.parameters - whole.for_inference().parameters
        132
        """
        return self._inference if self.training_outputs else self

    @cached_property
    def _inference(self) -> Plan:
        spec = self.spec.for_inference()
        return Plan(spec, wire(spec), self._preferred)

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return self.spec.dims

    @property
    def output(self) -> int:
        """The node of the first output."""
        return next(iter(self.outputs.values()))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The image and all operations, in execution order."""
        nodes = [Node("input", None, (), self.spec.in_channels)]
        for call, block in zip(self.calls, self._blocks, strict=True):
            nodes += block.placed(call.start, call.inputs)
        return tuple(nodes)

    @property
    def vectors(self) -> dict[str, int]:
        """The number of values of each vector beside the image, by name."""
        return self.spec.vectors

    @cached_property
    def parameters(self) -> int:
        """Trainable parameters."""
        return sum(self._weights)

    @property
    def _weights(self) -> list[int]:
        """The parameters of each call; 0 where an earlier one has the same."""
        earlier = set[str]()
        counts = []
        for call, block in zip(self.calls, self._blocks, strict=True):
            counts.append(0 if call.scope in earlier else block.parameters)
            earlier.add(call.scope)
        return counts

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the architecture: equal for equal networks, whatever their spec looks like."""
        from hashlib import sha256  # OpenSSL takes 2 ms to import, and most commands need no digest

        return sha256(self._text.encode()).hexdigest()

    def listing(self) -> list[str]:
        """The network as text: how weights begin, and each operation with its name, torch layer and inputs."""
        return self._text.splitlines()

    @property
    def _text(self) -> str:
        init = " ".join(map(str, written_form(self.spec.init, self.spec.types).values()))
        own = f"{init} " if " " not in init else init  # as digests have had it
        text = f"dims={self.dims} in={self.spec.in_channels} {self._outputs_text} init={own}"
        if self.pads:
            text += f"\nodd sizes: {self.spec.odd_sizes.padding}"
        for call, block in zip(self.calls, self._blocks, strict=True):
            text += f"\n{call.scope} {call.inputs} -> {call.output}{block.listing(call.start, call.inputs)}"
        return text

    @property
    def _outputs_text(self) -> str:
        """The outputs as the listing has them: the node of the only one, or each with its name, and when it exists."""
        if len(self.outputs) == 1:
            return f"output={self.output}"
        whens = {output.name: output.when for output in self.spec.outputs}
        return "outputs=" + ",".join(
            f"{name}:{node}" + ("" if whens[name] == "always" else f":{whens[name]}")
            for name, node in self.outputs.items()
        )

    def layer(self, index: int) -> Any:
        """The torch layer of a node, as a value."""
        node = self.nodes[index]
        assert node.operation is not None, "the input has no layer"
        return node.operation.layer(tuple(self.nodes[i].channels for i in node.inputs), self.dims)

    def is_input(self, call: Call) -> bool:
        """Whether a call stands for an input beside the image."""
        return call.slot == "input" and call.output in self.inputs.values()

    def call_of(self, index: int) -> Call:
        """The block that an operation belongs to."""
        return next(call for call in self.calls if call.start <= index < call.end)

    def inner(self, call: Call) -> tuple[InnerCall, ...]:
        """The components within a block that have a scope of their own, an inner one before the one that it is in."""
        return self._blocks[self.calls.index(call)].inner_calls(call.start, call.inputs)

    @cached_property
    def main_inputs(self) -> dict[int, int]:
        """Where encoder and decoder meet in a skip: which input, by node, is the decoder's."""
        found: dict[int, int] = {}
        for call in self.calls:
            found |= main_inputs(self.nodes, call.inputs, range(call.start, call.end))
        return found

    @cached_property
    def is_global(self) -> tuple[str, ...]:
        """Names of the operations whose every output sample depends on the whole image; empty: the network is local."""
        return tuple(name for name, operation in self._operations if operation.is_global)

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Names of the operations whose facts were measured, not derived from what their block says."""
        return tuple(name for name, operation in self._operations if operation.measured)

    @cached_property
    def channels_last(self) -> bool:
        """Whether all channels of a sample lie together in training and prediction, as is mostly quickest."""
        return self.dims > 1 and not any(operation.channels_first for _, operation in self._operations)

    @property
    def _operations(self) -> Iterator[tuple[str, Operation]]:
        for call, block in zip(self.calls, self._blocks, strict=True):
            for node, operation in block.operations:
                yield f"{call.scope}.{node.name}", operation

    # ---- sizes of images

    @cached_property
    def _spatial(self) -> tuple[SpatialGraph, dict[int, int]]:
        """The spatial graph, and for the image and the output of each block the node whose size and grid it has."""
        calls, position, count = list[SpatialCall](), {0: 0}, 1
        for call, block in zip(self.calls, self._blocks, strict=True):
            spatial, inputs = block.spatial, tuple([position[index] for index in call.inputs])
            calls.append(SpatialCall(spatial, inputs))
            own = spatial.output - spatial.num_inputs
            position[call.output] = inputs[spatial.output] if own < 0 else count + own
            count += len(spatial.nodes) - spatial.num_inputs
        outputs = tuple([position[node] for node in self.outputs.values()])
        return spatial_graph(self.dims, tuple(calls), outputs), position

    @property
    def spatial(self) -> SpatialGraph:
        """The operations that determine sizes, reach and grids."""
        return self._spatial[0]

    @cached_property
    def spatial_indices(self) -> tuple[int, ...]:
        """For each node the node of the spatial graph whose size and grid it has."""
        found, position, count = [0], self._spatial[1], 1
        for call, block in zip(self.calls, self._blocks, strict=True):
            added = len(block.spatial.nodes) - block.num_inputs
            inputs = tuple([position[index] for index in call.inputs])
            index = (*inputs, *range(count, count + added))
            found += [index[own] for own in block.spatial_indices[block.num_inputs :]]
            count += added
        return tuple(found)

    @property
    def equal_axes(self) -> Size:
        """For each axis the first axis along which everything is the same."""
        return self.spatial.equal_axes

    @property
    def pads(self) -> bool:
        """Whether images of any size are padded to an aligned one, as a part of the network."""
        return self.spec.odd_sizes.padding is not None

    @property
    def accepted(self) -> tuple[SizeSet, ...]:
        """Per axis, all input sizes for which no operation fails; with odd sizes padded, all that leave an output."""
        return self.spatial.padded if self.pads else self.spatial.accepted

    @property
    def aligned(self) -> tuple[SizeSet, ...]:
        """Per axis, the accepted sizes at which nothing is dropped and skips meet the decoder with the least offset."""
        return self.spatial.aligned

    @property
    def preferred_sizes(self) -> tuple[SizeSet, ...]:
        """Per axis, the sizes to bring an image to: the aligned ones, or all accepted ones where none is aligned."""
        return self._preferred or self.spatial.preferred_sizes

    @property
    def padding_sizes(self) -> tuple[SizeSet, ...]:
        """Per axis, the sizes to which odd ones are padded."""
        return tuple(sizes.regular for sizes in self.preferred_sizes)

    @property
    def padding_rule(self) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
        """Start, period and remainders of the padding sizes per axis, as `functional.pad_image` takes them."""
        return tuple((sizes.start, sizes.period, sizes.remainders) for sizes in self.padding_sizes)

    def preferring(self, sizes: tuple[SizeSet, ...]) -> Plan:
        """The same network with other sizes to bring an image to."""
        return Plan(
            self.spec,
            Wired(self.calls, self._blocks, tuple(self.outputs.items()), tuple(self.inputs.items())[1:]),
            sizes,
        )

    def padded_size(self, size: Size) -> Size:
        """The size in which an image enters the network: where odd sizes are padded, the next preferred one."""
        if not self.pads:
            return size
        inner = tuple(sizes.above(n) for sizes, n in zip(self.padding_sizes, size, strict=False))
        if len(size) != self.dims or None in inner or min(size) < 1:
            return size  # which is then refused like any other
        return tuple(n for n in inner if n is not None)

    # ---- one size

    def output_size(self, size: Size) -> Size:
        """The spatial size of the first output; raises SizeError where the input size does not fit."""
        return self._output_sizes(tuple(size))[1][0]

    def output_sizes(self, size: Size) -> dict[str, Size]:
        """The spatial size of each output by name; raises SizeError where the input size does not fit.

        >>> from unetkit.language import load
        >>> heads = {"output": {}, "level_1": {"at": 1, "when": "training"}}
        >>> plan(load({"extends": "unet-small", "heads": heads})).output_sizes((64, 64))
        {'output': (64, 64), 'level_1': (32, 32)}
        """
        return dict(zip(self.outputs, self._output_sizes(tuple(size))[1], strict=True))

    @property
    def output_channels(self) -> dict[str, int]:
        """The channels of each output by name."""
        return {name: self.nodes[node].channels for name, node in self.outputs.items()}

    def is_full(self, output: str) -> bool:
        """Whether an output has the resolution of the image; where images are padded, such a one is cut to them."""
        return self.spatial.is_full(self._spatial[1][self.outputs[output]])

    def _output_sizes(self, size: Size) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        """The sizes of all nodes of the spatial graph, and of the outputs without what only padding determines."""
        inner = self.padded_size(size)
        sizes = signal_sizes(self, inner, size)
        outputs = []
        for index in self.spatial.outputs:
            output = sizes[index]
            if self.spatial.is_full(index):
                output = tuple(m - (p - n) for m, p, n in zip(output, inner, size, strict=True))
            if min(output) < 1:
                least = tuple(p - m + 1 for m, p in zip(sizes[index], inner, strict=True))
                cure = f"Images of at least {size_text(least)} have an output."
                raise SizeError(Fault("size-too-small", f"nothing is left of an image of {size_text(size)}", cure=cure))
            outputs.append(output)
        return sizes, tuple(outputs)

    def macs(self, size: Size) -> int:
        """Multiply-adds of convolutions for one image; raises SizeError where the size does not fit."""
        return sum(self._macs(self._output_sizes(tuple(size))[0]))

    def _macs(self, sizes: tuple[Size, ...]) -> Iterator[int]:
        position = self._spatial[1]
        for call, block in zip(self.calls, self._blocks, strict=True):
            yield block.macs(tuple([sizes[position[index]] for index in call.inputs]))

    def at(self, size: Size) -> SizedPlan:
        """The plan at one input size; raises SizeError where it does not fit."""
        size = tuple(size)
        found, outputs = self._output_sizes(size)
        sizes = tuple([found[index] for index in self.spatial_indices])
        costs = zip(self.calls, self._weights, self._macs(found), strict=True)
        steps = tuple(
            step(self.nodes, sizes, call, self.spec.type_of(self.spec.parts[call.scope]), (weights, macs))
            for call, weights, macs in costs
        )
        return SizedPlan(self, size, outputs[0], sizes, sum(one.macs for one in steps), steps)

    def describe(self, size: Size | None = None) -> dict[str, Any]:
        """The network at an input size, by default its natural size, as plain values: what `show --json` prints.

        Raises SizeError where the size does not fit.
        """
        return description.describe(self, size)

    def alignment(self, size: Size) -> tuple[Alignment, ...]:
        """Per axis how a size fits: offsets between skips and decoder by level, and what is dropped.

        >>> from unetkit.language import load
        >>> plan(load("unet-2015")).alignment((570, 570))[0].offsets
        {3: 0.0, 2: 4.0, 1: 6.0, 0: 7.0}
        """
        return fit.alignment(self, size)

    def shift_warning(self, size: Size) -> str:
        """What is wrong with a size that is accepted but not aligned; "" where it is aligned."""
        return fit.shift_warning(self, size)

    def output_grid(self, size: Size, output: str | None = None) -> tuple[Grid, ...]:
        """Per axis where the samples of an output, by default the first, sit, in input pixels.

        >>> from unetkit.language import load
        >>> plan(load("unet-2015")).output_grid((572, 572))[0].start
        Fraction(92, 1)
        """
        return fit.output_grid(self, output or self.spec.outputs[0].name, tuple(size))

    def crop_target(self, size: Size, output: str | None = None) -> tuple[slice, ...]:
        """The slices that cut a label map of the input's size to an output, by default the first, by its grid.

        A grid between pixels is rounded down, and the slices stay within the image. Raises ValueError where the output
        has another resolution than the input.

        >>> from unetkit.language import load
        >>> plan(load("unet-2015")).crop_target((573, 572))
        (slice(92, 480, None), slice(92, 480, None))
        """
        return fit.crop_target(self, size, output or self.spec.outputs[0].name)

    # ---- the receptive field

    def receptive_interval(self, axis: int, position: int, size: int) -> Interval | None:
        """The input positions that a position of the first output depends on, not cut at the borders of the image."""
        graph = self.spatial
        found = list(graph.column(axis, size).sizes)
        return propagate.needs(graph.nodes, axis, found, graph.outputs[0], Interval(position, position))

    @property
    def receptive_fields(self) -> tuple[tuple[int, int] | None, ...]:
        """Per axis, the least and the most input samples that a sample of any output depends on, over all its phases.

        None where that is the whole image, or where no size is accepted.
        """
        return self.spatial.receptive_fields

    def receptive_fields_of(self, output: str) -> tuple[tuple[int, int] | None, ...]:
        """Per axis, the least and the most input samples that a sample of one output depends on."""
        return self.spatial.receptive_field_of(self._spatial[1][self.outputs[output]])

    @property
    def receptive_field(self) -> tuple[int | None, ...]:
        """Per axis, the most input samples that one output sample depends on; None where that is the whole image."""
        return tuple(widths and widths[1] for widths in self.receptive_fields)


def _planned(spec: Spec, preferred: tuple[SizeSet, ...] | None) -> Plan:
    return Plan(spec, wire(spec), preferred)
