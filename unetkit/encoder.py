"""The interface of encoders that are one component: a map per level, and the weights that exist for them."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from unetkit.block import Component
from unetkit.signal import Signal

if TYPE_CHECKING:
    from torch import Tensor

_Level = Annotated[int, Field(ge=0, le=15)]
_MANY = Annotated[int, Field(ge=2, le=16)]


class EncoderLevel(NamedTuple):
    """A level of an encoder: the channels of its map, 0 where it has none, and its stride in samples of the image."""

    channels: int
    stride: int


class Encoder(Component):
    """Gives a map per level, in place of the blocks and ways down of an encoder.

    A plugin adds one of its own through the entry points `unetkit.encoders`. Its weights have the names that they have
    where they were published, so that published weights fit without the scope of the level.
    """

    slot = "encoder"
    published: ClassVar[Mapping[str, str]] = {}
    """The names of its published weights, each with the file's name, in which a part of its hash stands."""
    classifier: ClassVar[tuple[str, ...]] = ()
    """How the names of published weights begin that no level has."""

    weights: str | None = None
    """What it begins with: a published name such as IMAGENET1K_V1, `hf://owner/repository/file`, or a local file."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    """The SHA-256 of the file, or how it begins; a file with another is refused."""
    freeze: Literal["all"] | tuple[_Level, ...] = ()
    """The levels whose weights stay as they are, norms in evaluation mode; or `all`."""
    levels: _MANY | None = None
    """How many levels, that of full resolution included; all of them unless given."""
    adapt: Literal["auto", "sum", "repeat", "new"] = "auto"
    """Weights for 3 channels become those of others by their `sum` or in turn (`repeat`); `new`: drawn anew."""

    @property
    @abstractmethod
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        """All levels that the encoder has, full resolution first."""

    @abstractmethod
    def wire(self, x: Signal, level: int) -> Signal:
        """The map of a level, from that of the level before; the first level with a map reads the image."""

    @property
    def used_levels(self) -> tuple[EncoderLevel, ...]:
        """The levels that are used, full resolution first."""
        return self.pyramid[: self.levels]

    @property
    def frozen_levels(self) -> tuple[int, ...]:
        """The levels whose weights stay as they are."""
        return tuple(range(len(self.used_levels))) if self.freeze == "all" else self.freeze

    def idle(self) -> dict[str, str]:
        return {} if self.weights else {"adapt": "there are no weights to adapt", "sha256": "there are no weights"}

    def published_name(self, name: str) -> str:
        """The published name of a weight that has this name below the scope of its level."""
        return name

    def level_name(self, name: str) -> str:
        """The published name of a tensor of a file, which may have an older one; empty where no level has it."""
        return "" if name.startswith(self.classifier) else name

    def arranged(self, name: str, tensor: Tensor) -> Tensor:
        """A published weight as the network has it; axes of length 1 may be missing."""
        return tensor

    @property
    def address(self) -> str | None:
        """Where the weights are: a published name, `hf://owner/repository/file`, or a local file."""
        return self.weights

    @property
    def local_file(self) -> str | None:
        """The local file that it begins with, as it is written; None where it has none."""
        address = self.address
        return None if address is None or address in self.published or address.startswith("hf:") else address

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        most = len(self.pyramid)
        if self.levels is not None and self.levels > most:
            yield "levels", f"this encoder has {most} levels, not {self.levels}", f"Give at most {most}."
            return
        filled = [level for level, one in enumerate(self.used_levels) if one.channels]
        if not filled:
            least = 1 + next(level for level, one in enumerate(self.pyramid) if one.channels)
            yield "levels", f"the first {self.levels} levels of this encoder have no map", f"Give at least {least}."
            return
        for level in () if self.freeze == "all" else self.freeze:
            if level not in filled:
                cure = f"Levels {filled[0]} to {filled[-1]} have weights."
                yield "freeze", f"this encoder has no weights at level {level}", cure
        if self.local_file is not None and not re.search(r"[./\\]", self.local_file):
            known = f"Known: {', '.join(self.published)}." if self.published else "None are known."
            yield "weights", f"there are no weights {self.weights} for this encoder", f"{known} Or give a file."
        if self.weights in self.published and dims != 2:
            yield "weights", f"{self.weights} is for 2D images, not {dims}D", "Leave weights out."
