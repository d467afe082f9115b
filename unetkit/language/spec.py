"""A validated spec: its keys, and the block of every position of the network."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from unetkit.block import Component, Init, OddSizes, insets
from unetkit.document.choice import source_path
from unetkit.document.document import Document
from unetkit.document.merge import KeyPath
from unetkit.encoder import Encoder
from unetkit.errors import Fault, Place
from unetkit.language.backbone import default_decoder, encoder_scopes
from unetkit.language.canonical import resolve
from unetkit.language.inner_network import InnerNetwork
from unetkit.language.spec_keys import SpecKeys
from unetkit.lazy import call_late
from unetkit.sequence import Sequence
from unetkit.topology import Layout, Output, Topology, with_outputs


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Spec:
    """A network as a file describes it. `parts` has the block of each position, such as `encoder.0.block`, in order."""

    keys: SpecKeys
    channels: tuple[int, ...]
    """Channels of each level, full resolution first, the bottleneck last."""
    decoder_channels: tuple[int, ...]
    """Channels of the decoder's levels, full resolution first."""
    topology: Topology
    layout: Layout
    """Its positions and how they are joined."""
    heads: tuple[Output, ...]
    """Its heads, in the order in which they are written; those that other heads alone read are no outputs."""
    parts: dict[str, Component]
    types: dict[type[Component], str]
    """The full name of each class of components."""
    init: Init
    odd_sizes: OddSizes
    document: Document | None = field(default=None, repr=False)
    origins: dict[str, dict[KeyPath, KeyPath]] = field(default_factory=dict, repr=False)
    plugins: dict[str, str] = field(default_factory=dict)
    """Versions of the distributions that its blocks come from, by name; unetkit itself is not among them."""

    @property
    def name(self) -> str:
        """The name of the network."""
        return self.keys.name

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return self.keys.dims

    @property
    def in_channels(self) -> int:
        """Channels of the images."""
        return self.keys.in_channels

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Its outputs, in the order in which they are written."""
        return tuple(head for head in self.heads if head.when != "never")

    @property
    def out_channels(self) -> int:
        """Channels of the first output."""
        return self.outputs[0].channels

    @property
    def encoder(self) -> Encoder | None:
        """The encoder where it is one component; None where it consists of blocks."""
        return next((part for part in self.parts.values() if isinstance(part, Encoder)), None)

    def encoder_scopes(self, levels: Collection[int]) -> tuple[str, ...]:
        """The scopes of some levels of the encoder, where that is one component."""
        return encoder_scopes(self.layout, levels)

    @property
    def frozen(self) -> tuple[str, ...]:
        """The scopes of the levels of the encoder whose weights stay as they are."""
        return self.encoder_scopes(self.encoder.frozen_levels) if self.encoder else ()

    @property
    def levels_without_map(self) -> tuple[int, ...]:
        """The levels at which the encoder has no map."""
        levels = self.encoder.used_levels if self.encoder else ()
        return tuple([level for level, one in enumerate(levels) if not one.channels])

    @property
    def default_decoder_channels(self) -> tuple[int, ...]:
        """The channels of the decoder's levels where a spec with this encoder gives none."""
        return self.channels[:-1] if self.encoder is None else default_decoder(self.encoder)

    @property
    def depth(self) -> int:
        """The number of levels."""
        return len(self.channels)

    @property
    def vectors(self) -> dict[str, int]:
        """The number of values of each vector that the network takes beside the image, by name."""
        return {name: self.keys.inputs[name].values for name, _ in self.layout.vectors}

    def for_inference(self) -> Spec:
        """The same network without outputs that exist in training only, and what only they need."""
        if all(head.when != "training" for head in self.heads):
            return self
        network = with_outputs(self.layout, frozenset(head.name for head in self.heads if head.when == "always"))
        kept = {position.scope for position in network.positions}
        parts = {scope: part for scope, part in self.parts.items() if scope in kept}
        heads = (head._replace(when="never") if head.when == "training" else head for head in self.heads)
        return replace(self, layout=network, heads=tuple(head for head in heads if head.scope in kept), parts=parts)

    def type_of(self, part: Component) -> str:
        """The full name of the type of a component of this spec."""
        return self.types[type(part)]

    def resolve(self) -> dict[str, Any]:
        """The canonical form: plain values, with every default filled in, that describe the same network."""
        return resolve(self)

    def blame(self, fault: Fault, scope: str, inside: tuple[Any, ...] = ()) -> Fault:
        """The fault with the path and the place where the block at a position was written.

        `inside` leads to a component within it, as in `BlockError`.
        """
        written = source_path(self.origins.get(scope, {}), _path_within(self.parts.get(scope), inside))
        where = ".".join(map(str, written)) if written else scope
        place = self.place(written)
        return Fault(fault.code, fault.message, fault.path or where, fault.cure, fault.place or place)

    def place(self, path: KeyPath) -> Place | None:
        """The place of a path in the file."""
        return self.document.place(path) if self.document and path else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.resolve() == other.resolve()

    def __hash__(self) -> int:
        return hash((self.name, self.channels, self.outputs, type(self.topology), *map(type, self.parts.values())))

    def __copy__(self) -> Spec:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Spec:
        return self  # it is immutable

    def __repr__(self) -> str:
        return f"load({self.resolve()!r})"

    def __str__(self) -> str:
        ends = f"{self.in_channels} -> {' + '.join(str(one.channels) for one in self.outputs)} channels"
        return f"{self.name}: {self.dims}D, {ends}, levels {list(self.channels)}"

    def _repr_html_(self) -> str:
        return str(call_late("unetkit.notebook", "spec_html", self))

    def _repr_svg_(self) -> str | None:
        drawing: str | None = call_late("unetkit.notebook", "spec_svg", self)
        return drawing


def _path_within(part: Component | None, inside: tuple[Any, ...]) -> KeyPath:
    """The path within a component that leads to another in it, in which a parameter may stand for its name."""
    found: KeyPath = ()
    value: Any = part
    for step in inside:
        if isinstance(step, Component):
            names = insets(type(value)) if isinstance(value, Component) else ()
            step = next((name for name in names if getattr(value, name) is step), None)
            if step is None:
                break
        value = _entry(value, step)
        if value is None:  # a parameter that only some components of the slot have
            break
        found = (*found, step)
    return found


def _entry(value: Any, step: str | int) -> Any:
    """The parameter of a name, or the entry of an index; None where there is none."""
    if isinstance(value, Sequence):
        return value.items[step].part if isinstance(step, int) else None
    if isinstance(value, InnerNetwork):
        return dict(value.parts)[str(step)]
    return value[step] if isinstance(step, int) else getattr(value, step, None)
