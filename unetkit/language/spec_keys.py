"""The keys of a spec. The parameters of components are checked by the components themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from unetkit.block import Count
from unetkit.document.keys import Definition, Keys, Slot, SlotOrList, bare
from unetkit.errors import Fault
from unetkit.topology import When

MAX_LEVELS = 16


def _as_source(value: object) -> int | str:
    """A level, or the name of a signal, unchanged."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{value!r} is neither a level nor a name")


def _as_sources(value: object) -> int | str | tuple[int | str, ...]:
    """What a head reads; several as a tuple."""
    if not isinstance(value, list | tuple):
        return _as_source(value)
    if len(value) < 2:
        raise ValueError("a list has at least two maps: give one without brackets")
    return tuple([_as_source(one) for one in value])


_SOURCE = {"type": ["integer", "string"]}
_SOURCES = {"anyOf": [_SOURCE, {"type": "array", "items": _SOURCE, "minItems": 2}]}


class Side(Keys):
    """What can be set for the blocks of one side of a level."""

    block: SlotOrList = None
    norm: Slot = None
    act: Slot = None


class EncoderKeys(Side):
    """What can be set for the encoder: its blocks and all ways down."""

    down: SlotOrList = None


class BottleneckKeys(EncoderKeys):
    """What can be set for the deepest level and the way down to it."""


class DecoderKeys(Side):
    """What can be set for the decoder: its blocks, ways up, skips and channels."""

    up: SlotOrList = None
    skip: SlotOrList = None
    channels: tuple[Count, ...] | None = None
    """One number per level above the bottleneck; those of the encoder unless given."""


class LevelKeys(Side):
    """What can be set for one level; its `down` and `up` are those that lead to it."""

    down: SlotOrList = None
    up: SlotOrList = None
    skip: SlotOrList = None
    encoder: Side | None = None
    decoder: Side | None = None


class HeadKeys(Keys):
    """What can be set for one of several outputs."""

    channels: Count | None = None
    """Channels of the output; `out_channels` unless given."""
    head: SlotOrList = None
    """The component that computes it; the `head` of the spec unless given."""
    norm: Slot = None
    act: Slot = None
    at: Annotated[int | str | tuple[int | str, ...], PlainValidator(_as_sources), WithJsonSchema(_SOURCES)] = 0
    """What the head reads: a level of the decoder, a name of the topology, another head; or a list of several."""
    merge: Annotated[Slot, WithJsonSchema({"slot": "skip"})] = bare("rescale")
    """The skip that makes several maps one."""
    when: When = "always"
    """`training`: the output is left out of inference. `never`: it is no output, other heads read it."""


class ChannelRule(Keys):
    """Channels by a rule: base · growth^level, rounded, and at most `max`."""

    base: Count
    growth: Annotated[float, Field(gt=0, le=16)] = 2.0
    levels: Annotated[int, Field(ge=1, le=MAX_LEVELS)]
    max: Count | None = None

    def numbers(self) -> tuple[int, ...]:
        """The channels of each level.

        >>> ChannelRule(base=32, levels=4, max=128).numbers()
        (32, 64, 128, 128)
        """
        most = self.max or 1 << 20
        return tuple(max(1, min(most, round(self.base * self.growth**level))) for level in range(self.levels))


def _form_of_channels(value: object) -> str:
    """The form in which channels are given, so that errors are about that form only."""
    return "rule" if isinstance(value, dict | ChannelRule) else "list"


def _form_of_encoder(value: object) -> str:
    """The form in which the encoder is given: keys of its blocks, or a component."""
    return "component" if isinstance(value, str) or (isinstance(value, dict) and "type" in value) else "blocks"


EncoderForm = Annotated[
    Annotated[EncoderKeys, Tag("blocks")] | Annotated[Slot, Tag("component")], Discriminator(_form_of_encoder)
]
"""The encoder: what can be set for its blocks, or a component in their place."""
_ChannelList = Annotated[tuple[Count, ...], Field(min_length=1, max_length=MAX_LEVELS)]
Channels = Annotated[
    Annotated[_ChannelList, Tag("list")] | Annotated[ChannelRule, Tag("rule")], Discriminator(_form_of_channels)
]


class InputKeys(Keys):
    """The keys of an input."""

    channels: Count
    """Channels of the image or of each token, or values of the vector."""
    vector: bool = False
    """Whether it is a vector beside the image, for `condition` in blocks, and not some of the image's channels."""
    tokens: Count | None = None
    """The number of tokens of a sequence beside the image, such as those of a text, for `condition` in blocks."""
    embed: Annotated[SlotOrList, WithJsonSchema({"slot": "block", "list": True})] = None
    """The block, or the list of them, that computes from the vector what other blocks read."""
    width: Count | None = None
    """Channels of what it computes; those of the vector unless given."""

    @property
    def is_beside(self) -> bool:
        """Whether it is given beside the image."""
        return self.vector or self.tokens is not None

    @property
    def values(self) -> int:
        """Its channels, or the values of all tokens."""
        return self.channels * (self.tokens or 1)


class FrameKeys(Keys):
    """The keys of a network within a block, which those of a spec have in common with it."""

    channels: Channels | None = None
    """One number per level, the first is full resolution; or a rule. An encoder with a type has its own."""
    block: SlotOrList = bare("double_conv")
    down: SlotOrList = bare("max_pool")
    up: SlotOrList = bare("transposed_conv")
    skip: SlotOrList = bare("concat")
    norm: Slot = None
    act: Slot = None
    encoder: EncoderForm | None = None
    decoder: DecoderKeys | None = None
    bottleneck: BottleneckKeys | None = None
    levels: dict[int, LevelKeys] = Field(default_factory=dict)

    def channel_numbers(self) -> tuple[int, ...]:
        """The channels of each level; none where they are not given."""
        return self.channels.numbers() if isinstance(self.channels, ChannelRule) else self.channels or ()

    def decoder_numbers(self, default: tuple[int, ...]) -> tuple[int, ...]:
        """The channels of each level of the decoder: its own, or `default`."""
        own = self.decoder.channels if self.decoder else None
        return default if own is None else own

    def decoder_fault(self, wanted: int) -> Fault | None:
        """The fault of `decoder.channels` that are not one for each of the `wanted` levels above the bottleneck."""
        given = len(self.decoder_numbers((1,) * wanted))
        if given == wanted:
            return None
        message = f"{given} numbers for {wanted} levels above the bottleneck"
        return Fault("wrong-length", message, cure=f"Give {wanted} numbers.")


class SpecKeys(FrameKeys):
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
    out_channels: Count | None = None
    """Channels of the output; with `heads` those of all that give none."""
    inputs: dict[str, InputKeys] = Field(default_factory=dict)
    """The images that the channels hold, in this order, and vectors beside the image."""
    topology: Slot = bare("unet")
    """How the blocks are joined."""
    define: dict[str, Definition] = Field(default_factory=dict)
    """Names of this file for components and lists, to use where the name of a component may stand."""
    norm: Slot = bare("batch")
    act: Slot = bare("relu")
    head: SlotOrList = bare("conv")
    heads: dict[str, HeadKeys] | None = None
    """Several outputs by name; one output, `output`, where they are not given."""
    init: Slot = bare("default")
    odd_sizes: Slot = bare("error")
    """What happens to images whose size does not fit: error, or pad."""
    plugins: dict[str, str] = Field(default_factory=dict)
    """Versions of the plugins that provide its components, by distribution; `resolve` writes them."""
