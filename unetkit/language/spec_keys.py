"""The frame of a spec: its keys as they stand in the YAML. What is inside a block is checked by the block itself."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PlainValidator, Tag, model_validator

from unetkit.block import Count

MAX_LEVELS = 16


class Bare(dict[str, Any]):
    """A block given by its name alone: a type with its defaults, so that it replaces what stood before."""


def as_slot(value: object) -> dict[str, Any]:
    """Returns a map for a block given by name or as a map."""
    if isinstance(value, str):
        return Bare(type=value)
    if isinstance(value, dict):
        kind = value.get("type", "")
        if not isinstance(kind, str):
            raise ValueError(f"type {kind!r} is not the name of a block")
        if not all(isinstance(key, str) for key in value):
            raise ValueError("parameters have names, not numbers")
        return value
    raise ValueError(f"{value!r} is not a block: give its name, or a map with type and parameters")


def as_reference(value: object) -> str | dict[str, Any]:
    """Returns the name of a file, or a map in its place."""
    if isinstance(value, str | dict) and value:
        return value
    raise ValueError("this is neither the name of a file nor a map")


Reference = Annotated[str | dict[str, Any], PlainValidator(as_reference)]
"""The name of a file, or a map in its place."""
Slot = Annotated[Any, PlainValidator(as_slot)]


def bare(kind: str) -> Any:
    """Returns the default of a slot: a block by its name."""
    return Field(default_factory=lambda: Bare(type=kind))


class StrictModel(BaseModel):
    """A part of the frame: unknown keys are refused, types are strict, values immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def fill_types(cls, values: Any) -> Any:
        """Gives parts of which parameters alone are said the type that is the default."""
        if isinstance(values, dict):
            for name, kind in default_types(cls).items():
                value = values.get(name)
                if isinstance(value, dict) and "type" not in value:
                    values = values | {name: {"type": kind, **value}}
        return values


@cache
def default_types(model: type[BaseModel]) -> dict[str, str]:
    """Returns the type that each slot of a frame has unless another is said.

    >>> default_types(SpecKeys)["skip"]
    'concat'
    """
    defaults = {name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()}
    return {name: value["type"] for name, value in defaults.items() if isinstance(value, Bare)}


class Side(StrictModel):
    """What can be set for the blocks of one side of a level."""

    block: Slot = None
    norm: Slot = None
    act: Slot = None


class Encoder(Side):
    """What can be set for the encoder: its blocks and all ways down."""

    down: Slot = None


class Bottleneck(Encoder):
    """What can be set for the deepest level and the way down to it."""


class Decoder(Side):
    """What can be set for the decoder: its blocks, ways up, skips and channels."""

    up: Slot = None
    skip: Slot = None
    channels: tuple[Count, ...] | None = None
    """One number per level above the bottleneck; those of the encoder unless given."""


class LevelKeys(Side):
    """What can be set for one level; its `down` and `up` are those that lead to it."""

    down: Slot = None
    up: Slot = None
    skip: Slot = None
    encoder: Side | None = None
    decoder: Side | None = None


class ChannelRule(StrictModel):
    """Channels by a rule: base · growth^level, rounded, and at most `max`."""

    base: Count
    growth: Annotated[float, Field(gt=0, le=16)] = 2.0
    levels: Annotated[int, Field(ge=1, le=MAX_LEVELS)]
    max: Count | None = None

    def numbers(self) -> tuple[int, ...]:
        """Returns the channels of each level.

        >>> ChannelRule(base=32, levels=4, max=128).numbers()
        (32, 64, 128, 128)
        """
        most = self.max or 1 << 20
        return tuple(max(1, min(most, round(self.base * self.growth**level))) for level in range(self.levels))


def form_of_channels(value: object) -> str:
    """Returns which form the channels are given in, so that an error speaks of that one alone."""
    return "rule" if isinstance(value, dict | ChannelRule) else "list"


ChannelList = Annotated[tuple[Count, ...], Field(min_length=1, max_length=MAX_LEVELS)]
Channels = Annotated[
    Annotated[ChannelList, Tag("list")] | Annotated[ChannelRule, Tag("rule")], Discriminator(form_of_channels)
]


class Init(StrictModel):
    """How the weights of convolutions begin."""

    type: Literal[
        "default",
        "kaiming_normal",
        "kaiming_uniform",
        "xavier_normal",
        "xavier_uniform",
        "orthogonal",
        "normal",
        "trunc_normal",
    ] = "default"
    std: Annotated[float, Field(gt=0, le=10)] | None = None
    """Standard deviation of normal and trunc_normal; 0.02 unless given."""


class OddSizes(StrictModel):
    """What happens to images whose size is not aligned: an error, or padding to the next that is, cut off again."""

    type: Literal["error", "pad"] = "error"
    mode: Literal["reflect", "replicate", "zeros"] = "reflect"
    """What stands in the padding; reflect mirrors as often as it takes, so that any image has enough."""


class SpecKeys(StrictModel):
    """The keys of a spec."""

    unetkit: Literal[1]
    """Version of the spec language."""
    name: str = ""
    description: str = ""
    paper: str = ""
    """Where the network was published."""
    dims: Annotated[int, Field(ge=1, le=3)] = 2
    """Spatial axes of the images."""
    in_channels: Count
    out_channels: Count
    channels: Channels
    """One number per level, the first is full resolution; or a rule."""
    block: Slot = bare("double_conv")
    down: Slot = bare("max_pool")
    up: Slot = bare("transposed_conv")
    skip: Slot = bare("concat")
    norm: Slot = bare("batch")
    act: Slot = bare("relu")
    head: Slot = bare("conv")
    encoder: Encoder | None = None
    decoder: Decoder | None = None
    bottleneck: Bottleneck | None = None
    levels: dict[int, LevelKeys] = Field(default_factory=dict)
    init: Slot = bare("default")
    odd_sizes: Slot = bare("error")
    """What happens to images whose size does not fit: error, or pad."""
    plugins: dict[str, str] = Field(default_factory=dict)
    """Versions of the distributions whose blocks this was made with, by name; `resolve` writes them."""

    def channel_numbers(self) -> tuple[int, ...]:
        """Returns the channels of each level."""
        return self.channels.numbers() if isinstance(self.channels, ChannelRule) else self.channels
