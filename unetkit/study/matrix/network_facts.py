"""Facts of many networks, for one training patch each; what networks share is computed once.

All values equal those of the plan. Text, parameters and multiply-adds are cached by block, and sizes by the structure
of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from unetkit.errors import Fault, SpecError
from unetkit.language import Spec
from unetkit.operations import Convolution, Operation, TransposedConvolution
from unetkit.planning import Execution, Plan, needed_memory, plan, training_fault
from unetkit.planning.covering import covering_size
from unetkit.planning.sized import Size, node_macs, node_parameters
from unetkit.planning.wire import Pieces
from unetkit.signal import Call, Node
from unetkit.study.matrix.arm import NetworkFacts
from unetkit.wrapping.operation import Wrapped

NO_SIZES = ("out", "groups", "bias")
"""Fields of convolutions that do not affect sizes."""


class NetworkSizes(NamedTuple):
    """The sizes of all networks whose operations change sizes in the same way."""

    input_size: Size
    output_size: Size
    sizes: tuple[Size, ...]
    receptive_field: tuple[int | None, ...]


class PlannedBlock:
    """Cached facts of a block, valid wherever it recurs at the same place with the same inputs."""

    __slots__ = ("macs", "operation", "parameters", "shape", "span", "text")

    def __init__(self, made: Plan, span: Call, shape: int) -> None:
        self.span = span  # held, like the operation, so that no other can get its id
        self.operation = made.nodes[span.output].operation
        self.text = "\n".join(made.lines(span))
        self.parameters = sum(node_parameters(made.nodes, index) for index in range(span.start, span.end))
        self.shape = shape
        self.macs: dict[Any, int] = {}


class FactsCalculator:
    """Plans specs and computes their facts, with caches for what they share."""

    def __init__(self) -> None:
        self.pieces: Pieces = {}
        self.blocks: dict[tuple[int, int], PlannedBlock] = {}
        self.shapes: dict[Any, int] = {}
        self.geometries: dict[Any, NetworkSizes] = {}

    def plan(self, spec: Spec) -> Plan:
        """The plan of a spec; raises SpecError where its blocks do not fit together."""
        return plan(spec, self.pieces)

    def facts(self, made: Plan, training: Mapping[str, Any]) -> NetworkFacts:
        """The facts of a plan for one training patch."""
        blocks = self.blocks_of(made)
        geometry = self.geometry(made, patch_of(made.dims, training), blocks)
        if training.get("batch") == 1 and (rule := training_fault(made, geometry.input_size, 1)):
            cure = "Take a larger training.patch, or training.batch=2."
            raise SpecError(Fault("size-too-small", rule, "training.patch", cure))
        return NetworkFacts(
            digest=sha256("\n".join([*made.heading(), *[block.text for block in blocks]]).encode()).hexdigest(),
            parameters=sum([block.parameters for block in blocks]),
            macs=sum([macs(block, made, geometry) for block in blocks]),
            receptive_field=geometry.receptive_field,
            input_size=geometry.input_size,
            output_size=geometry.output_size,
        )

    def parameters(self, made: Plan) -> int:
        """The trainable parameters of a plan."""
        return sum([block.parameters for block in self.blocks_of(made)])

    def macs(self, made: Plan, training: Mapping[str, Any]) -> int:
        """The multiply-adds of a plan for one training patch."""
        blocks = self.blocks_of(made)
        geometry = self.geometry(made, patch_of(made.dims, training), blocks)
        return sum([macs(block, made, geometry) for block in blocks])

    def memory(self, made: Plan, training: Mapping[str, Any]) -> int:
        """The peak memory of training on one CPU thread in bytes: activations of a batch, weights, optimiser."""
        size = self.geometry(made, patch_of(made.dims, training), self.blocks_of(made)).input_size
        needed = needed_memory(made, size, Execution(training["batch"], threads=1, channels_last=made.channels_last))
        return needed.training + needed.weights + needed.gradients + needed.optimizer

    def blocks_of(self, made: Plan) -> list[PlannedBlock]:
        """The blocks of a plan. The last operation is part of the key: its bias depends on the next block."""
        found, nodes, known = [], made.nodes, self.blocks
        for span in made.spans:
            key = id(span), id(nodes[span.output].operation)
            block = known.get(key)
            if block is None:
                form = span.inputs, span.output, *(form_of(nodes[index]) for index in range(span.start, span.end))
                block = known[key] = PlannedBlock(made, span, self.shapes.setdefault(form, len(self.shapes)))
            found.append(block)
        return found

    def geometry(self, made: Plan, patch: Size, blocks: list[PlannedBlock]) -> NetworkSizes:
        """The sizes of a network for a patch; raises SizeError where no input size fits."""
        key = made.dims, patch, made.spec.odd_sizes.padding, *[block.shape for block in blocks]
        if key not in self.geometries:
            size = covering_size(made, patch)
            sized = made.at(size)
            self.geometries[key] = NetworkSizes(size, sized.output_size, sized.sizes, made.receptive_field)
        return self.geometries[key]


def macs(block: PlannedBlock, made: Plan, geometry: NetworkSizes) -> int:
    """The multiply-adds of a block."""
    sizes = geometry.sizes
    key = tuple([sizes[index] for index in block.span.inputs])
    if key not in block.macs:
        inside = range(block.span.start, block.span.end)
        block.macs[key] = sum(node_macs(made.nodes, sizes, index) for index in inside)
    return block.macs[key]


def form_of(node: Node) -> Any:
    """A key of everything in an operation that affects sizes."""
    operation = node.operation
    if operation is None or operation.pointwise:
        return node.inputs
    return (type(operation), node.inputs, *arguments(operation))


def arguments(operation: Operation) -> tuple[Any, ...]:
    """The arguments of an operation that may affect sizes."""
    if isinstance(operation, Wrapped):
        return operation.axes
    return tuple([getattr(operation, name) for name in names_of(type(operation))])  # type: ignore[arg-type]


@cache
def names_of(kind: type[Operation]) -> tuple[str, ...]:
    """The names of the arguments of an operation class that may affect sizes."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # each is a dataclass
    left_out = NO_SIZES if issubclass(kind, Convolution | TransposedConvolution) else ()
    return tuple(name for name in names if name not in left_out)


def patch_of(dims: int, training: Mapping[str, Any]) -> Size:
    """The smallest output size of a training patch."""
    from unetkit.train.run_keys import PATCH  # which needs no torch, unlike its neighbours

    patch = training.get("patch") or PATCH[dims]
    return (patch,) * dims if isinstance(patch, int) else tuple(patch)
