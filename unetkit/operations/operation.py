"""What every operation states: its size, the input that it needs, its grid, its cost and its torch layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from math import prod
from typing import Any, ClassVar, NamedTuple, TypeVar, dataclass_transform

from unetkit.errors import BlockError, Fault
from unetkit.geometry import Grid, Interval, Limit, Number, equal
from unetkit.operations.execution import Execution, MapShape, Workspace

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
        """Whether the layer is a module, and not a plain function of tensors."""
        return self.name.rpartition(".")[2][0].isupper()

    def __str__(self) -> str:
        words = [repr(value) for value in self.args] + [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"{self.home}{'.' if self.home else ''}{self.name}({', '.join(words)})"


@dataclass_transform()
def facts(operation: type[T]) -> type[T]:
    """Makes the annotations of an operation its arguments. Operations are never changed after they are made.

    They are equal where their kinds and arguments are: `Operation` says so once for all. A frozen dataclass with
    equality and repr of its own would cost four times as much to define: a twentieth of the start of a command.
    """
    return dataclass(slots=True, eq=False, repr=False)(operation)


class Operation:
    """One step of a network, as facts about it. The defaults are those of a pointwise operation on one signal.

    Sizes are per axis and come in the order of the inputs; they are integers, or families of sizes (`Affine`) that pass
    through the same formula. `inputs` are the channels of the inputs.
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
    wraps: ClassVar[bool] = False
    """Whether it reads the far end of the image at the near border (circular padding), so that no tile is exact."""
    elementwise: ClassVar[bool] = False
    """Whether several inputs of one size are combined sample by sample."""
    size_inputs: ClassVar[int] = 0
    """How many of the last inputs count by their size alone."""
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
        """The arguments by name: operations of one kind are equal where all of these are."""
        own: Any = self
        return {field.name: getattr(own, field.name) for field in fields(own)} if is_dataclass(own) else {}

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._values() == other._values())

    def __hash__(self) -> int:
        return hash((type(self), *map(repr, self._values().values())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._values().items())})"

    def spatial(self) -> Operation:
        """The operation with all that affects neither sizes, reach nor grids at a fixed value."""
        return self

    def channels(self, inputs: Axes) -> int:
        """Returns the channels of the output; raises BlockError where the inputs do not fit."""
        return inputs[0]

    def size(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        """Returns the size of the output along one axis."""
        return sizes[0]

    def limits(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        """Returns what must hold for the operation not to fail."""
        return ()

    def joint_limit(self, sizes: Axes) -> str:
        """Returns the rule that the sizes of all axes break together, or nothing."""
        return ""

    def training_limit(self, sizes: Axes, batch: int) -> str:
        """Returns the rule that a batch of so many signals of these sizes breaks in training alone, or nothing."""
        return ""

    def dropped(self, axis: int, sizes: tuple[Number, ...]) -> Number:
        """Returns how many samples at the far end have no influence on the output (of a resize: how many it makes)."""
        return 0

    def lossless(self, axis: int, sizes: tuple[Number, ...]) -> Iterable[Limit]:
        """Returns what must hold for `dropped` to be 0, for one size or a family of sizes."""
        return (equal(self.dropped(axis, sizes), 0, "samples are dropped"),)

    def needs(self, axis: int, wanted: Interval, sizes: Axes) -> tuple[Interval | None, ...]:
        """Returns per input the interval that the outputs `wanted` come from; None where only its size counts."""
        return (wanted,) * len(sizes)

    def stretches(self, axis: int, sizes: Axes) -> bool:
        """Whether the distance between the samples that it reads depends on the sizes, so that no tile is exact."""
        return False

    def grid(self, axis: int, grids: tuple[Grid, ...], sizes: tuple[Number, ...]) -> Grid:
        """Returns where the output samples sit, in input pixels."""
        return grids[0]

    def parameters(self, inputs: Axes) -> int:
        """Returns the number of trainable parameters."""
        return 0

    def macs(self, inputs: Axes, sizes: tuple[Axes, ...], output: Axes) -> int:
        """Returns the multiply-adds of convolutions for one image; other arithmetic is not counted."""
        return 0

    def rescale(self, axis: int) -> tuple[int, int]:
        """Returns by how much the step between samples grows: (times, divided by)."""
        return (1, 1)

    def alike(self, axis: int, other: int) -> bool:
        """Whether all facts are the same along two axes."""
        values = [value for value in self._values().values() if isinstance(value, tuple) and len(value) > axis]
        return all(value[axis] == value[other] for value in values)

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        """Bytes that are kept for the backward pass beside inputs and output."""
        return self.mask_bytes * run.bytes(*result) // run.itemsize

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        """What torch borrows on the CPU while it runs; `run.channels_last` tells how the inputs lie in memory."""
        return Workspace(backward=run.bytes(*source))

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
        """Returns a few words for a drawing."""
        return self.kind


def wiring_error(message: str, cure: str = "", code: str = "block-wiring") -> BlockError:
    """Returns the error for signals and parameters that do not go together; the plan adds block and place."""
    return BlockError(Fault(code, message, cure=cure))


def per_axis(value: int | Axes, dims: int, what: str) -> Axes:
    """Returns one value per axis; a single value counts for all."""
    if isinstance(value, int):
        return (value,) * dims
    if len(value) != dims:
        raise wiring_error(f"{what} has {len(value)} values, the network has {dims} axes", f"Give 1 or {dims} values.")
    return value


def compact(values: Axes) -> int | Axes:
    """Returns a single value where all axes have the same, as torch code is written by hand."""
    return values[0] if len(set(values)) == 1 else values


def window_label(kind: str, kernel: Axes) -> str:
    """Returns a label such as `conv 3×3`."""
    return f"{kind} {'×'.join(map(str, kernel))}"


volume = prod
"""Samples in all: the product over the axes."""
