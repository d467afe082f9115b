"""Lists: a component that applies others one after the other, for each slot that may hold a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, create_model

from unetkit.block import BASES, Block, Component
from unetkit.operations.operation import wiring_error
from unetkit.signal import Signal, step_ratios

LIST_SLOTS = ("block", "down", "up", "skip", "head")
"""The slots of a spec that may hold a list."""
_ONE_SIGNAL = ("block", "norm", "act", "down")
"""The slots whose components may stand in any list."""
SIZED_SLOTS = ("block", "down", "up", "head")
"""The slots whose components are asked for a number of channels."""
INHERITED = ("norm", "act")
"""The slots whose name stands, in a list, for the component of the spec."""


def item_slots(slot: str) -> tuple[str, ...]:
    """The slots of the components that a list in a slot may have; the first that knows a name counts.

    >>> item_slots("skip")
    ('skip', 'block', 'norm', 'act', 'down')
    """
    return tuple(dict.fromkeys((slot, *_ONE_SIGNAL)))


OF_SKIP = "skip"
"""The text that says that an item of `up` has the channels of the map that the skip merges."""
CHANNELS = rf"^(input(/[1-9][0-9]{{0,5}})?|{OF_SKIP}|[0-9]{{1,6}}(\.[0-9]{{1,6}})?x)$"
"""The texts that say how many channels an item has: those of its input or a part of them, of another map, or a multiple
of the level's."""


def is_channels(value: object) -> bool:
    """Whether a value says how many channels an item has: a number, `input`, `input/4`, `skip`, or a multiple: `0.5x`.

    >>> [is_channels(value) for value in (64, "input", "input/4", "skip", "0.5x", "2x", "half", "input/0", 0, True)]
    [True, True, True, True, True, True, False, False, False, False]
    """
    if isinstance(value, str):
        return re.fullmatch(CHANNELS, value) is not None
    return type(value) is int and 1 <= value <= 1 << 20


class Asked(NamedTuple):
    """The channels of the level that a list is at, and in `up` those of the map that the skip merges."""

    level: int
    skip: int = 0


class SequenceItem(BaseModel):
    """One component of a list, and its channels: a number, `input`, `input/4`, `skip`, or a multiple of the level's."""

    model_config = ConfigDict(frozen=True, strict=True, arbitrary_types_allowed=True)

    part: Component
    channels: int | str | None = None

    def number(self, inputs: int, asked: Asked, default: int) -> int:
        """Its channels, where it reads `inputs` channels; a multiple is rounded down, to at least 1."""
        if self.channels is None:
            return default
        if isinstance(self.channels, int):
            return self.channels
        if self.channels.startswith("input"):
            return max(1, inputs // int(self.channels.partition("/")[2] or 1))
        if self.channels == OF_SKIP:
            return asked.skip
        return max(1, int(Fraction(self.channels.removesuffix("x")) * asked.level))

    @property
    def stays(self) -> bool:
        """Whether it comes again where a list that it is in is repeated: a way down does not."""
        return self.part.slot != "down"

    def again(self) -> SequenceItem:
        """The item that follows this one where it is repeated."""
        part = self.part.again() if isinstance(self.part, Block) else self.part
        return self.model_copy(update={"part": part})


class Sequence(Component):
    """Applies components one after the other; none at all gives what it reads.

    In a skip, what stands before the merge acts on the encoder's map, and what stands after it on the merged map.
    """

    items: tuple[SequenceItem, ...] = ()

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.slot == "skip" and self.items:
            merges = [number for number, item in enumerate(self.items) if item.part.slot == "skip"]
            if not merges:
                yield "", "nothing in this list merges encoder and decoder", "Add concat or add; [] is no skip."
            for number in merges[1:]:
                yield str(number), "encoder and decoder are merged already", "Keep one of the two."

    def repeats(self) -> Iterator[tuple[int, SequenceItem]]:
        """Yields each item with how often it is repeated."""
        number = 0
        while number < len(self.items):
            item, count = self.items[number], 1
            again = item.again()
            while number + count < len(self.items) and self.items[number + count] == again:
                count += 1
            yield count, item
            number += count

    def again(self) -> Sequence:
        """The list that follows this one where it is repeated."""
        return self.model_copy(update={"items": tuple([item.again() for item in self.items if item.stays])})

    def wire(
        self, x: Signal, *skips: Signal, channels: int | None = None, skip_channels: int = 0, **arguments: Any
    ) -> Signal:
        """The output of the last item. `channels` and `arguments` are those that the slot asks for."""
        level = skips[0].channels if skips else x.channels if channels is None or self.slot == "head" else channels
        start, asked, merged = x, Asked(level, skip_channels), not skips
        for index, item in enumerate(self.items):
            with start.within(index):
                if item.part.slot == self.slot != "block":
                    own = arguments
                    if channels is not None:
                        own = own | {"channels": item.number(x.channels, asked, channels)}
                    x = _checked(item, x.place(str(index), item.part, *skips, **own), x, asked)
                    merged = True
                elif merged:
                    x = self._applied(item, str(index), x, asked)
                elif len(skips) == 1:
                    skips = (self._applied(item, str(index), skips[0], asked),)
                else:
                    with x.scope(str(index)):
                        skips = tuple([self._applied(item, str(n), skip, asked) for n, skip in enumerate(skips)])
        if self.slot == "up":
            _check_step(start, x, arguments["stride"])
        if self.slot == "head" and x.channels != channels:
            message = f"this list gives {x.channels} channels, the output has {channels}"
            raise wiring_error(message, f"End it with conv, or with a block of channels: {channels}.")
        return x

    def _applied(self, item: SequenceItem, name: str, x: Signal, asked: Asked) -> Signal:
        """The output of an item that reads one signal; it keeps the channels in a skip and in a head."""
        if item.part.slot not in SIZED_SLOTS:
            return x.place(name, item.part)
        default = x.channels if self.slot in ("skip", "head") else asked.level
        return _checked(item, x.place(name, item.part, channels=item.number(x.channels, asked, default)), x, asked)


def _check_step(x: Signal, output: Signal, stride: tuple[int, ...]) -> None:
    """Raises BlockError where a list in the slot up does not multiply the samples by the stride."""
    for ratio, wanted in zip(step_ratios(x, output), stride, strict=True):
        times = Fraction(*ratio)
        if times != wanted:
            message = f"this list multiplies the samples by {times}, the way down divided them by {wanted}"
            raise wiring_error(message, "Let the list have one up, such as transposed_conv.")


def _checked(item: SequenceItem, output: Signal, x: Signal, asked: Asked) -> Signal:
    """The output; raises BlockError where it has other channels than those that the item asks for."""
    wanted = item.number(x.channels, asked, output.channels)
    if output.channels != wanted:
        message = f"channels: {item.channels} asks for {wanted} channels, this {item.part.slot} gives {output.channels}"
        raise wiring_error(message, "Leave channels out.")
    return output


@cache
def sequence_class(slot: str) -> type[Sequence]:
    """The class of the lists of a slot."""
    base: Any = BASES[slot]
    doc = f"Applies components one after the other, in the slot {slot}."
    return create_model(f"{base.__name__}Sequence", __base__=(Sequence, base), __module__=__name__, __doc__=doc)
