"""The base of all operations: the facts that each states, with their defaults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from importlib import import_module
from math import prod
from typing import Any, ClassVar, NamedTuple, TypeVar, dataclass_transform

from unetkit.errors import BlockError, Fault
from unetkit.geometry import EVERYWHERE, Grid, Interval, Limit, Number, equal
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.strip import Strip

Axes = tuple[int, ...]
T = TypeVar("T")


class Layer(NamedTuple):
    """A call that makes the torch layer, `nn.Conv2d(1, 64, 3)`; or, where `name` is a function, its further arguments.

    `name` begins with `nn.` (a module of torch.nn), `torch.` or `functional.` (of unetkit.functional). Otherwise it is
    a name in the module `home`, which is in the package of the operation.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}  # never written to
    home: str = ""
    arg_names: tuple[str, ...] = ()
    """What the layer calls `args`, for the parameters of generated code."""
    joins: bool = False
    """Whether a function takes its tensors as one list, as `torch.cat` does."""

    @property
    def is_module(self) -> bool:
        """Whether the layer is a module rather than a function of tensors."""
        return self.name.rpartition(".")[2][0].isupper()

    def __str__(self) -> str:
        words = [repr(value) for value in self.args] + [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"{self.home}{'.' if self.home else ''}{self.name}({', '.join(words)})"


@dataclass_transform()
def facts(operation: type[T]) -> type[T]:
    """A class decorator that makes the annotations of an operation its arguments. Operations are immutable.

    Equality and repr come from `Operation`: a frozen dataclass with its own would take four times as long to define,
    a twentieth of the start of a command.
    """
    return dataclass(slots=True, eq=False, repr=False)(operation)


class Operation:
    """One step of a network, described by facts. The defaults are those of a pointwise operation on one signal.

    Sizes are per axis, in the order of the inputs: integers, or families of sizes (`Affine`) for which the same formula
    holds. `inputs` are the channels of the inputs.
    """

    __slots__ = ()

    # sizes and tiles
    kind: ClassVar[str]
    """The word for it in names and drawings."""
    pointwise: ClassVar[bool] = True
    """Whether each output sample depends on the same sample of the one input alone: no other fact of sizes counts."""
    rescales: ClassVar[bool] = False
    """Whether the step between samples changes: `rescale` says by how much."""
    is_global: ClassVar[bool] = False
    """Whether each output sample depends on the whole image, so that no tile can give the same result."""
    mixes_axes: ClassVar[bool] = False
    """Whether channels or weights are arranged by the order of the axes."""
    wraps: ClassVar[bool] = False
    """Whether it reads the far end of the image at the near border (circular padding), so that no tile is exact."""
    elementwise: ClassVar[bool] = False
    """Whether several inputs of one size are combined sample by sample."""
    size_inputs: ClassVar[int] = 0
    """How many of the last inputs have no gradient: they count by their size alone, or choose among values."""
    is_input: ClassVar[bool] = False
    """Whether it stands for a further input of the network."""
    measured: ClassVar[bool] = False
    """Whether its facts were measured and not derived."""

    # memory
    channels_first: ClassVar[bool] = False
    """Whether torch is quicker where all samples of a channel lie together in memory, not all channels of a sample."""
    is_view: ClassVar[bool] = False
    """Whether the output shares the memory of the first input."""
    training_only: ClassVar[bool] = False
    """Whether it passes its input on unchanged in evaluation."""
    gives_view: ClassVar[bool] = False
    """Whether torch returns a view of a new tensor: to write over that costs copies in the backward pass."""
    overwrites: ClassVar[bool] = False
    """Whether its layer takes `inplace=True`, to write its output over its input."""
    keeps_input: ClassVar[bool] = False
    """Whether the backward pass needs the inputs."""
    keeps_output: ClassVar[bool] = False
    """Whether the backward pass needs the output, so that no later operation may write over it."""
    mask_bytes: ClassVar[int] = 0
    """Bytes per output number that are kept for the backward pass beside inputs and output."""
    holds_product: ClassVar[bool] = False
    """Whether its backward pass holds a product as large as the input, then summed to the gradient of weights."""
    passes_gradient: ClassVar[bool] = False
    """Whether the gradients of the inputs are the gradient of the output or parts of it, without a copy."""

    # drawings and generated code
    makes_map: ClassVar[bool] = False
    """Whether the result is worth a box in a drawing."""
    shows_shape: ClassVar[bool] = False
    """Whether generated code shows the shape of the result."""
    stateless: ClassVar[bool] = False
    """Whether its layer has neither parameters nor buffers."""
    input_names: ClassVar[tuple[str, ...]] = ()
    """What generated code calls the inputs, where they are branches of their own; empty: no name of their own."""

    # the network around it
    activation: ClassVar[str] = ""
    """The name of the activation that it is: outputs behind one are no logits."""
    replaces_bias: ClassVar[bool] = False
    """Whether a convolution before it needs no bias."""

    @property
    def is_third_party(self) -> bool:
        """Whether it is not unetkit's own, so that its facts are checked against its module."""
        return not type(self).__module__.startswith(f"{__package__}.")

    def _values(self) -> dict[str, Any]:
        """The arguments by name; operations of one class with equal arguments are equal."""
        return {name: getattr(self, name) for name in _arguments(type(self))}  # type: ignore[arg-type]  # mypy asks for a bound __hash__

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._values() == other._values())

    def __hash__(self) -> int:
        values = tuple(self._values().values())
        try:
            return hash((type(self), values))
        except TypeError:  # one is a map
            return hash((type(self), repr(values)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._values().items())})"

    def spatial(self) -> Operation:
        """The operation with all that affects neither sizes, reach nor grids at a fixed value."""
        return self

    def channels(self, inputs: Axes) -> int:
        """The channels of the output; raises BlockError where the inputs do not fit."""
        return inputs[0]

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        """The size of the output along one axis."""
        return sizes[0]

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        """The conditions under which the operation runs."""
        return ()

    def joint_limit(self, sizes: Axes) -> str:
        """The rule that the sizes of all axes together break; empty if none."""
        return ""

    def training_limit(self, sizes: Axes, batch: int) -> str:
        """The rule that a batch of signals of these sizes breaks in training only; empty if none."""
        return ""

    def dropped(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        """Samples at the far end without influence on the output (of a resize: the samples that it adds)."""
        return 0

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        """The conditions under which `dropped` is 0, for one size or a family of sizes."""
        return (equal(self.dropped(axis, sizes), 0, "samples are dropped"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        """The interval of each input that the outputs `wanted` depend on; None where only the input's size counts."""
        return (EVERYWHERE if self.is_global else wanted,) * len(sizes)

    def stretches(self, axis: int, sizes: Axes) -> bool:
        """Whether the spacing of the samples it reads depends on the image size, so that no tile is exact."""
        return False

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        """The positions of the output samples, in input pixels."""
        return grids[0]

    def valued(self, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """Those of its inputs that have a gradient."""
        return inputs[: len(inputs) - self.size_inputs]

    def parameters(self, inputs: Axes) -> int:
        """The number of trainable parameters."""
        return 0

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        """The multiply-adds of convolutions for one image; other arithmetic is not counted."""
        return 0

    def period(self, axis: int) -> int:
        """Input samples after which windows that do not overlap begin again; 1: it treats all samples alike."""
        return 1

    def rescale(self, axis: int) -> tuple[int, int]:
        """The factor by which the step between samples grows: (numerator, denominator)."""
        return (1, 1)

    def strip(self, sizes: Axes) -> Strip | None:
        """How it computes some rows of its output; None where that takes the whole map.

        `sizes` are those of the inputs along the first axis.
        """
        return Strip(self) if self.pointwise or self.elementwise else None

    def turned(self, order: Axes) -> Operation | None:
        """The same operation on maps whose axes come in another order; None where there is none.

        Number `order[i]` of the axes becomes number i.
        """
        if self.mixes_axes or self.is_third_party:
            return None
        values = self._values().items()
        per_axis = {name: value for name, value in values if isinstance(value, tuple) and len(value) == len(order)}
        changed = {
            name: tuple([value[axis] for axis in order])
            for name, value in per_axis.items()
            if all(isinstance(one, int) for one in value)
        }
        return replace(self, **changed) if changed else self  # type: ignore[type-var]  # operations are dataclasses

    def alike(self, axis: int, other: int) -> bool:
        """Whether all facts are the same along two axes."""
        values = [value for value in self._values().values() if isinstance(value, tuple) and len(value) > axis]
        return all(value[axis] == value[other] for value in values)

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        """Bytes that are kept for the backward pass beside inputs and output."""
        return self.mask_bytes * run.bytes(*result) // run.itemsize

    def holds_inputs(self, run: Execution) -> bool:
        """Whether the backward pass needs the inputs themselves, as an operation may keep a copy of another format."""
        return self.keeps_input

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        """What torch borrows on the CPU while it runs; `run.channels_last` is the memory format of the inputs."""
        gradient = run.bytes(*source)
        return Workspace(0, 2 * gradient, 2 * gradient) if self.holds_product else Workspace(backward=gradient)

    def gives_channels_last(self, source: MapShape, run: Execution) -> bool:
        """Whether all channels of an output sample lie together in memory."""
        return run.channels_last and not self.channels_first

    def layer(self, inputs: Axes, dims: int) -> Layer:
        """The torch layer that computes it."""
        raise NotImplementedError

    def import_layer(self, layer: Layer) -> Any:
        """The class or function that a layer with a `home` names."""
        package = type(self).__module__.partition(".")[0]
        if layer.home.partition(".")[0] != package:
            raise wiring_error(
                f"{layer.name} is in {layer.home}, and its operation in {package}", "Keep them in one package."
            )
        return getattr(import_module(layer.home), layer.name)

    def label(self) -> str:
        """A short text for drawings."""
        return self.kind


@cache
def _arguments(kind: Any) -> tuple[str, ...]:
    """The names of the arguments of an operation."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def wiring_error(message: str, cure: str = "", code: str = "block-wiring") -> BlockError:
    """An error for signals and parameters that do not fit together; the plan adds the block and its place."""
    return BlockError(Fault(code, message, cure=cure))


def per_axis(value: int | Axes, dims: int, what: str) -> Axes:
    """One value per axis; a single value holds for all axes."""
    if isinstance(value, int):
        return (value,) * dims
    if len(value) != dims:
        raise wiring_error(f"{what} has {len(value)} values, the network has {dims} axes", f"Give 1 or {dims} values.")
    return value


def compact(values: Axes) -> int | Axes:
    """A single value if all axes have the same, as in torch code written by hand."""
    return values[0] if len(set(values)) == 1 else values


volume = prod
"""Number of samples: the product over the axes."""
