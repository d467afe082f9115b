"""The interface of blocks: a frozen pydantic model whose fields are YAML keys, and a symbolic forward, `wire`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from unetkit.signal import Signal


def check_axes(value: int | tuple[int, ...], info: ValidationInfo) -> int | tuple[int, ...]:
    """The value, as one number if all axes have the same; raises ValueError for a list of the wrong length."""
    if isinstance(value, int):
        return value
    dims = (info.context or {}).get("dims", len(value))
    if len(value) != dims:
        raise ValueError(f"{len(value)} values for {dims} axes: give 1 or {dims}")
    return value[0] if len(set(value)) == 1 else value


Count = Annotated[int, Field(ge=1, le=1 << 20)]
"""A whole number from 1."""
PerAxis = Annotated[
    Annotated[int, Field(ge=1, le=1024)] | tuple[Annotated[int, Field(ge=1, le=1024)], ...], AfterValidator(check_axes)
]
"""A whole number from 1 for all axes, or a list with one per axis."""
Share = Annotated[float, Field(ge=0, lt=1)]
"""A share from 0 up to, but not, 1."""


class Inset(NamedTuple):
    """Marks a field that holds a component of another slot.

    `inherited`: its default is that of the spec. `lists`: it may hold a list too. `branches`: it holds a tuple, each of
    one component or a list.
    """

    slot: str
    inherited: bool = False
    lists: bool = False
    branches: bool = False

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        if self.branches:
            return {"type": "array", "items": {"slot": f"{self.slot}_item"}}
        return {"slot": self.slot, "list": True} if self.lists else {"slot": self.slot}


class Component(BaseModel):
    """The base of all components. Parameters are immutable and strictly typed; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=False, defer_build=True)

    slot: ClassVar[str]
    """The slot that it fills."""
    source: ClassVar[str] = ""
    """The paper or project that describes it."""
    example: ClassVar[Mapping[str, Any]] = {}
    """Keys of a spec that show it, where it needs more than its defaults."""

    def idle(self) -> dict[str, str]:
        """The fields without effect in combination with the others, each with the reason.

        Setting one of them is an error, unless the same setting has an effect elsewhere in the network.
        """
        return {}

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        """Yields (field, message, cure) for faults other than types and ranges."""
        yield from ()

    def written(self, write: Callable[[Component], Any]) -> Any:
        """What stands for it in YAML, where that is not its type with its parameters; `write` says it of another."""
        return None


class ByValue:
    """A component as a key: equal where class and parameters are. Parameters of 1, 1.0 and True differ."""

    __slots__ = ("_hash", "component")

    def __init__(self, component: Component) -> None:
        self.component = component
        try:
            self._hash = hash(component)
        except TypeError:  # a parameter is a list or a map
            self._hash = hash(repr(component))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ByValue):
            return NotImplemented
        one, two = self.component, other.component
        return one is two or (one == two and repr(one) == repr(two))


@cache
def insets(block: type[Component]) -> dict[str, Inset]:
    """The fields of a class that hold components of other slots."""
    found: dict[str, Inset] = {}
    for name, field in block.model_fields.items():
        found.update((name, mark) for mark in field.metadata if isinstance(mark, Inset))
    return found


class Block(Component):
    """Computes a feature map of a level from another."""

    slot = "block"

    @abstractmethod
    def wire(self, x: Signal, channels: int) -> Signal:
        """The output signal, with `channels` channels."""

    def again(self) -> Block:
        """The block that follows this one where it is repeated: it has no stride."""
        return self


class Down(Component):
    """Reduces the size: from one level to the next, coarser one."""

    slot = "down"

    @abstractmethod
    def wire(self, x: Signal, channels: int) -> Signal:
        """The coarser signal; `channels` is the number of channels of the coarser level."""


class Up(Component):
    """Increases the size: from one level to the next, finer one."""

    slot = "up"

    @abstractmethod
    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        """The signal with `stride` times the samples; `channels` is the number of channels of the finer level."""


class Skip(Component):
    """Merges the encoder's feature map of a level into the decoder."""

    slot = "skip"

    @abstractmethod
    def wire(self, x: Signal, skip: Signal, *further: Signal) -> Signal:
        """The decoder's `x` merged with the encoder's `skip`, and with the `further` maps of some topologies.

        A component that takes no further maps leaves them out of its arguments.
        """


class Norm(Component):
    """Normalises a feature map."""

    slot = "norm"

    @abstractmethod
    def wire(self, x: Signal) -> Signal:
        """The normalised signal."""


class Act(Component):
    """Applies an activation."""

    slot = "act"

    @abstractmethod
    def wire(self, x: Signal) -> Signal:
        """The activated signal."""


class Head(Component):
    """Computes the output of the network from the last feature map."""

    slot = "head"

    @abstractmethod
    def wire(self, x: Signal, channels: int) -> Signal:
        """The output signal, with `channels` channels."""


BASES: dict[str, type[Component]] = {base.slot: base for base in (Block, Down, Up, Skip, Norm, Act, Head)}
"""The base class of each slot whose components are wired into the network."""


CONVOLUTIONS = tuple(f"{kind}{dims}d" for kind in ("Conv", "ConvTranspose") for dims in (1, 2, 3))
"""The layers of torch.nn whose weights an `Init` fills; their biases begin at 0."""


class Filling(NamedTuple):
    """A function of torch.nn.init by name, and its arguments after the weight."""

    function: str
    arguments: dict[str, Any]


class Init(Component):
    """Initialises the weights of convolutions.

    A plugin adds one of its own through the entry points `unetkit.inits`.
    """

    slot = "init"

    @abstractmethod
    def filling(self) -> Filling | None:
        """What fills a weight; None where torch's own initialisation stays."""


class OddSizes(Component):
    """What happens to images whose size is not aligned."""

    slot = "odd_sizes"

    @property
    def padding(self) -> str | None:
        """How images are padded to the next aligned size, as a mode of `unetkit.functional.pad_image`; None: not."""
        return None
