"""What a network consists of, as data: its positions and how they are joined, without sizes and without components."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from unetkit.block import ByValue, Component
from unetkit.errors import BlockError
from unetkit.operations.operation import wiring_error
from unetkit.signal import Strided, stride_between, takes_skip_channels
from unetkit.wiring_rules import check_level, check_outputs, check_placement, check_scopes
from unetkit.wording import plural

Side: TypeAlias = Literal["input", "encoder", "bottleneck", "decoder", "head"]
"""The section of a spec that has a say at a position."""
MAP_SLOTS = ("block", "encoder")
"""The slots of what computes the map of a level."""
_CACHED_LAYOUTS = 1 << 10
_SHARED = ("slot", "side", "level", "channels")
"""What positions of one scope have in common."""


class Position(NamedTuple):
    """A place in a network for a component.

    `scope` begins the names of its weights and is never parsed. `level` 0 is full resolution. `column` is the place in
    the figure, from left to right. `channels` are those that the component is asked for.
    """

    scope: str
    slot: str
    level: int
    side: Side
    column: int
    channels: int


class Placement(NamedTuple):
    """A position with the signals that it reads.

    A way up leads to the resolution of the signal `toward`, or to one that is coarser or finer by a factor. `component`
    is one of the topology's own, in place of what the spec says.
    """

    position: Position
    inputs: tuple[int, ...]
    toward: int | None = None
    component: Component | None = None
    coarser: int = 1
    finer: int = 1


class Backbone(NamedTuple):
    """An encoder that is one component, by level: its stride, in samples of the image, and whether it has a map.

    `skips`: whether the decoder merges the map of the level, or the image in place of a map at full resolution.
    `ends_in_block`: a block of the bottleneck follows the last level.
    """

    strides: tuple[int, ...]
    maps: tuple[bool, ...]
    skips: tuple[bool, ...]
    ends_in_block: bool = False


When: TypeAlias = Literal["always", "training", "never"]
"""Whether an output exists in training and in inference, in training only, or for other heads to read."""


class Output(NamedTuple):
    """A named output of a network: the scope of its head, its channels, and what the head reads.

    That is a level, a name that the topology gives, or another output; or several of them, which `merge` makes one.
    """

    name: str
    scope: str
    channels: int
    at: int | str | tuple[int | str, ...] = 0
    when: When = "always"
    merge: Component | None = None

    @property
    def sources(self) -> tuple[int | str, ...]:
        """What the head reads, as one or more."""
        return self.at if isinstance(self.at, tuple) else (self.at,)

    @property
    def merge_scope(self) -> str:
        """How the names of the weights begin that make several maps one."""
        return f"merge_{self.name}"


class Input(NamedTuple):
    """A named input: some of the channels of the image, or a vector beside it, with one sample per axis.

    The values of a vector may be those of a sequence of tokens.
    """

    name: str
    channels: int
    is_vector: bool = False
    embedding: int = 0
    """Channels of what a block computes from a vector; 0: blocks read the vector itself."""
    tokens: int = 0
    """The number of tokens; 0: it is no sequence."""

    @property
    def scope(self) -> str:
        """How the names of its weights begin."""
        return f"inputs.{self.name}"

    @property
    def tokens_scope(self) -> str:
        """The scope of the sequence that its values are."""
        return f"{self.scope}.tokens"

    @property
    def embedding_scope(self) -> str:
        """How the names of the weights of its embedding begin."""
        return f"{self.scope}.embed"


class Layout(NamedTuple):
    """A network as data. Signals are numbered: 0 is the image, then one for each placement, in execution order.

    `vectors` are the inputs beside the image, `conditions` what blocks read of them, both by name.
    """

    placements: tuple[Placement, ...]
    outputs: tuple[tuple[str, int], ...]
    vectors: tuple[tuple[str, int], ...] = ()
    conditions: tuple[tuple[str, int], ...] = ()

    @property
    def positions(self) -> tuple[Position, ...]:
        """The positions in execution order."""
        return tuple(placement.position for placement in self.placements)

    @property
    def open_positions(self) -> tuple[Position, ...]:
        """The positions whose component the slots of a spec choose."""
        return tuple(
            placement.position
            for placement in self.placements
            if placement.component is None
            and placement.position.side != "input"
            and placement.position.slot != "encoder"
        )


def call_arguments(placement: Placement, part: Component, x: Strided, toward: Strided | None) -> dict[str, Any]:
    """What the component of a position is told beside the signals that it reads, of which `x` is the first.

    Raises BlockError where no stride leads to the resolution of `toward`.
    """
    position = placement.position
    if position.slot in ("skip", "input"):
        return {}
    if position.slot == "encoder":
        return {"level": position.level}
    if toward is None:
        return {"channels": position.channels}
    stride = stride_between(x, toward, placement.coarser, placement.finer)
    arguments = {"channels": position.channels, "stride": stride}
    return arguments | {"skip_channels": toward.channels} if takes_skip_channels(type(part)) else arguments


class Net:
    """What a topology places components in. Signals are numbers, which `place` returns.

    `channels` has one number per level, full resolution first; `decoder_channels` one per level above the last.
    `images` are the images by name; a topology that reads one of them takes the first. `backbone` is the encoder where
    that is one component.
    """

    def __init__(
        self, channels: tuple[int, ...], decoder_channels: tuple[int, ...], backbone: Backbone | None = None
    ) -> None:
        self.channels = channels
        self.decoder_channels = decoder_channels
        self.backbone = backbone
        self.images = {"image": 0}
        self.placements: list[Placement] = []

    @property
    def last(self) -> int:
        """The coarsest level."""
        return len(self.channels) - 1

    def has_skip(self, level: int) -> bool:
        """Whether the decoder has a skip at a level; without a backbone it has one at each."""
        return self.backbone is None or self.backbone.skips[level]

    def place(  # noqa: PLR0913 - a position has so many properties
        self,
        scope: str,
        slot: str,
        level: int,
        side: Side,
        *inputs: int,
        column: int = 0,
        channels: int | None = None,
        toward: int | None = None,
        coarser: int = 1,
        finer: int = 1,
        component: Component | None = None,
    ) -> int:
        """Places the component of a slot, and returns its output.

        `channels` are those of the level on this side unless given. An `up` needs the signal `toward` whose resolution
        it leads to, or to one that is `coarser` or `finer` by a factor. A `component` of the topology itself takes the
        place of what the spec says. Raises BlockError for a level, side, slot or signal that does not exist.
        """
        check_placement(scope, slot, inputs, toward, 1 + len(self.placements))
        check_level(scope, level, side, Side, len(self.channels))
        if channels is None:
            own = self.decoder_channels if side == "decoder" else self.channels
            if level >= len(own):
                raise wiring_error(f"the decoder has no channels at the last level, that of {scope}", "Give channels=")
            channels = own[level]
        if toward is not None and self.backbone is not None and not self.backbone.maps[level]:
            coarser = self.backbone.strides[level]
        position = Position(scope, slot, level, side, column, channels)
        return self._append(position, inputs, toward, component, coarser, finer)

    def place_backbone(self, scope: str, level: int, signal: int, column: int = 0) -> int:
        """Places a level of the backbone, which reads the map of the level before, and returns its output."""
        return self._append(Position(scope, "encoder", level, "encoder", column, self.channels[level]), (signal,))

    def place_input(self, scope: str, slot: str, signal: int, channels: int) -> int:
        """Places what reads an input of the network."""
        return self._append(Position(scope, slot, 0, "input", 0, channels), (signal,))

    def place_head(self, output: Output, level: int, *signals: int) -> int:
        """Places a head, and before it what makes several maps one."""
        if output.merge is not None:
            position = Position(output.merge_scope, "skip", level, "head", 0, output.channels)
            signals = (self._append(position, signals, component=output.merge),)
        return self._append(Position(output.scope, "head", level, "head", 0, output.channels), signals)

    def _append(
        self,
        position: Position,
        inputs: tuple[int, ...],
        toward: int | None = None,
        component: Component | None = None,
        coarser: int = 1,
        finer: int = 1,
    ) -> int:
        self.placements.append(Placement(position, inputs, toward, component, coarser, finer))
        return len(self.placements)


class Topology(Component):
    """Joins the components of a network. A plugin adds one of its own through the entry points `unetkit.topologies`.

    Every spec can name it: `topology: NAME`. Positions of one scope share their weights.
    """

    slot = "topology"
    name: ClassVar[str] = ""
    """What texts call such a network; by default the name of the class."""
    defaults: ClassVar[Mapping[str, str]] = {}
    """The component of a slot where the spec names none, if it is another than in a U-Net."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" not in vars(cls):
            cls.name = cls.__name__

    @abstractmethod
    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        """Places all components but the heads; returns the signals that a head may read, by level or by name."""


def layout(
    topology: Topology,
    channels: tuple[int, ...],
    decoder_channels: tuple[int, ...],
    outputs: tuple[Output, ...],
    inputs: tuple[Input, ...] = (),
    backbone: Backbone | None = None,
) -> Layout:
    """The network of a topology. What no output depends on is left out.

    Without `inputs` the network has the image alone. Without `outputs` its output is the finest map, with no head.
    Without a `backbone` its encoder consists of blocks.
    """
    return _layout(ByValue(topology), channels, decoder_channels, outputs, inputs, backbone)


def readable(
    topology: Topology,
    channels: tuple[int, ...],
    decoder_channels: tuple[int, ...],
    inputs: tuple[Input, ...] = (),
    backbone: Backbone | None = None,
) -> tuple[int | str, ...]:
    """What a head may read in a topology: levels, the finest first, then names."""
    found = _wired(ByValue(topology), channels, decoder_channels, inputs, backbone).signals
    return (*sorted(one for one in found if isinstance(one, int)), *(one for one in found if isinstance(one, str)))


_Named: TypeAlias = tuple[tuple[str, int], ...]


class _Wired(NamedTuple):
    """A topology without heads, and the signals that heads may read."""

    placements: tuple[Placement, ...]
    signals: dict[int | str, int]
    vectors: _Named
    conditions: _Named


@lru_cache(_CACHED_LAYOUTS)
def _wired(
    key: ByValue,
    channels: tuple[int, ...],
    decoder_channels: tuple[int, ...],
    inputs: tuple[Input, ...],
    backbone: Backbone | None,
) -> _Wired:
    net, topology = Net(channels, decoder_channels, backbone), key.component
    assert isinstance(topology, Topology), "the key of a topology"
    vectors, conditions = _place_inputs(net, inputs)
    signals = _run(topology, net)
    return _Wired(tuple(net.placements), signals, vectors, conditions)


def _run(topology: Topology, net: Net) -> dict[int | str, int]:
    """Wires a topology. Raises BlockError where it fails or breaks a rule."""
    try:
        signals = topology.wire(net, next(iter(net.images.values())))
    except BlockError:
        raise
    except Exception as error:  # whatever a plugin raises is its fault
        message = f"{topology.name} fails for {plural(len(net.channels), 'level')}: {type(error).__name__}: {error}"
        raise wiring_error(message, "Correct its wire.") from error
    check_outputs(topology.name, signals, len(net.channels), 1 + len(net.placements))
    positions = [one.position for one in net.placements if one.position.side != "input"]
    check_scopes([(one.scope, {name: getattr(one, name) for name in _SHARED}) for one in positions])
    if net.backbone is not None and all(one.slot != "encoder" for one in positions):
        message = f"{topology.name} makes its encoder of blocks, and has no place for another"
        raise wiring_error(message, "Leave the type of the encoder out, or use another topology, such as unet.")
    return signals


@lru_cache(_CACHED_LAYOUTS)
def _layout(
    key: ByValue,
    channels: tuple[int, ...],
    decoder_channels: tuple[int, ...],
    outputs: tuple[Output, ...],
    inputs: tuple[Input, ...],
    backbone: Backbone | None,
) -> Layout:
    wired = _wired(key, channels, decoder_channels, inputs, backbone)
    net = Net(channels, decoder_channels, backbone)
    net.placements += wired.placements
    heads = _place_heads(net, outputs, wired.signals)
    found = [(output.name, heads[output.name]) for output in outputs if output.when != "never"]
    found = found or [("output", wired.signals[0])]
    return _finished(Layout(tuple(net.placements), tuple(found), wired.vectors, wired.conditions))


def _place_heads(net: Net, outputs: tuple[Output, ...], signals: Mapping[int | str, int]) -> dict[str, int]:
    """Places the heads, each after those that it reads; returns the output of each by its name."""
    by_name = {output.name: output for output in outputs}
    placed: dict[str, int] = {}

    def read(source: int | str) -> int:
        if source in signals:
            return signals[source]
        if source not in placed:
            place(by_name[str(source)])
        return placed[str(source)]

    def place(output: Output) -> None:
        sources = [read(source) for source in output.sources]
        first = output.sources[0]
        level = first if isinstance(first, int) else net.placements[sources[0] - 1].position.level
        placed[output.name] = net.place_head(output, level, *sources)

    for output in outputs:
        if output.name not in placed:
            place(output)
    return placed


def with_outputs(whole: Layout, names: frozenset[str]) -> Layout:
    """The layout with some of its outputs. What none of them depends on is left out."""
    return _finished(whole._replace(outputs=tuple(one for one in whole.outputs if one[0] in names)))


def _finished(full: Layout) -> Layout:
    """The layout without what no output depends on, its heads one after the other to the right of all else."""
    pruned = _pruned(full)
    positions = [placement.position for placement in pruned.placements]
    column = max((position.column for position in positions if position.side != "head"), default=0)
    placements = []
    for placement in pruned.placements:
        if placement.position.side == "head":
            column += 1
            placement = placement._replace(position=placement.position._replace(column=column))
        placements.append(placement)
    return pruned._replace(placements=tuple(placements))


def _place_inputs(net: Net, inputs: tuple[Input, ...]) -> tuple[_Named, _Named]:
    """Places the named inputs, and returns the vectors among them and what blocks read of them."""
    images, vectors, conditions = dict[str, int](), list[tuple[str, int]](), list[tuple[str, int]]()
    for given in inputs:
        signal = net.place_input(given.scope, "input", 0, given.channels)
        if given.is_vector:
            vectors.append((given.name, signal))
        if given.tokens:
            signal = net.place_input(given.tokens_scope, "input", signal, given.channels // given.tokens)
        if given.embedding:
            signal = net.place_input(given.embedding_scope, "block", signal, given.embedding)
        if given.is_vector:
            conditions.append((given.name, signal))
        else:
            images[given.name] = signal
    net.images = images or net.images
    return tuple(vectors), tuple(conditions)


def _pruned(full: Layout) -> Layout:
    """The layout without the placements that no output depends on."""
    read = {signal for _, signal in (*full.outputs, *full.conditions)}
    for signal in range(len(full.placements), 0, -1):
        placement = full.placements[signal - 1]
        if signal in read:
            read.update(placement.inputs)
            read.update(() if placement.toward is None else (placement.toward,))
    kept = [signal for signal in range(1, len(full.placements) + 1) if signal in read]
    if len(kept) == len(full.placements):
        return full
    number = {signal: index for index, signal in enumerate((0, *kept))}
    placements = (full.placements[signal - 1] for signal in kept)
    return Layout(
        tuple(
            placement._replace(
                inputs=tuple([number[one] for one in placement.inputs]),
                toward=None if placement.toward is None else number[placement.toward],
            )
            for placement in placements
        ),
        tuple((name, number[signal]) for name, signal in full.outputs),
        tuple((name, number[signal]) for name, signal in full.vectors),
        tuple((name, number[signal]) for name, signal in full.conditions),
    )
