"""What a block is: a frozen pydantic model whose fields are its YAML keys, and a symbolic forward, `wire`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from unetkit.signal import Signal


def check_axes(value: int | tuple[int, ...], info: ValidationInfo) -> int | tuple[int, ...]:
    """Returns the value, one for all axes where they agree; raises ValueError for a list of the wrong length."""
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
    """Marks a field that holds a block of another slot; `inherited`: its default is what the spec says for the slot."""

    slot: str
    inherited: bool = False

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        return {"slot": self.slot}


class Component(BaseModel):
    """The base of all blocks. Parameters are immutable, strictly typed, and unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=False, defer_build=True)

    slot: ClassVar[str]
    """Which slot of a spec the block fits."""
    source: ClassVar[str] = ""
    """The paper or project that it comes from."""

    def idle(self) -> dict[str, str]:
        """Returns the fields that can have no effect beside the others, each with the reason.

        To set one in a spec is an error, unless the same setting has an effect elsewhere in the network.
        """
        return {}

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        """Yields (field, message, cure) for what is wrong beyond types and ranges."""
        yield from ()


@cache
def insets(block: type[Component]) -> dict[str, Inset]:
    """Returns the fields of a block class that hold blocks of other slots."""
    found: dict[str, Inset] = {}
    for name, field in block.model_fields.items():
        found.update((name, mark) for mark in field.metadata if isinstance(mark, Inset))
    return found


class Block(Component):
    """Turns the feature map of a level into another of `channels` channels."""

    slot = "block"

    @abstractmethod
    def wire(self, x: Signal, channels: int) -> Signal:
        """Returns the output signal of `channels` channels."""


class Down(Component):
    """Leads from one level to the next, coarser one."""

    slot = "down"

    @abstractmethod
    def wire(self, x: Signal, channels: int) -> Signal:
        """Returns the coarser signal; `channels` are those of the level that it leads to, for blocks that want them."""


class Up(Component):
    """Leads from one level to the next, finer one."""

    slot = "up"

    @abstractmethod
    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        """Returns the signal with `stride` times the samples; `channels` are those of the level that it leads to."""


class Skip(Component):
    """Merges the encoder's feature map of a level into the decoder."""

    slot = "skip"

    @abstractmethod
    def wire(self, x: Signal, skip: Signal) -> Signal:
        """Returns the merged signal of the decoder's `x` and the encoder's `skip`."""


class Norm(Component):
    """Normalises a feature map."""

    slot = "norm"

    @abstractmethod
    def wire(self, x: Signal) -> Signal:
        """Returns the normalised signal."""


class Act(Component):
    """Applies an activation."""

    slot = "act"

    @abstractmethod
    def wire(self, x: Signal) -> Signal:
        """Returns the activated signal."""


class Head(Component):
    """Turns the last feature map into the output of the network."""

    slot = "head"

    @abstractmethod
    def wire(self, x: Signal, channels: int) -> Signal:
        """Returns the output signal of `channels` channels."""


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


Arguments = dict[str, Any]
