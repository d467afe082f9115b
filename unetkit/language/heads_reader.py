"""Reads the heads of a spec: their names and channels, what they read, and what makes several maps one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from unetkit.block import Component
from unetkit.document.merge import KeyPath
from unetkit.errors import Fault
from unetkit.language.cascade import OUTPUT, head_scope
from unetkit.language.spec_keys import HeadKeys, SpecKeys
from unetkit.signal import NAME_RULE, is_name
from unetkit.topology import Output

if TYPE_CHECKING:
    from unetkit.language.loading import SpecLoader


class HeadsReader:
    """Reads the heads for the reader of a spec. `signals` are what the topology lets them read."""

    def __init__(self, reader: SpecLoader, keys: SpecKeys, signals: tuple[int | str, ...]) -> None:
        self.reader = reader
        self.keys = keys
        self.signals = signals
        self.origins: dict[str, dict[KeyPath, KeyPath]] = {}
        """Where each parameter was written of what makes several maps one, by its scope."""

    def heads(self) -> tuple[Output, ...]:
        """The heads; faults are collected."""
        keys, reader = self.keys, self.reader
        if keys.heads is None:
            if reader.values.get("out_channels") is None:
                cure = "Give out_channels: a whole number from 1. Or heads: a map with several outputs."
                reader.fault(Fault("missing-key", "the key 'out_channels' is missing", cure=cure), "out_channels")
            return (Output(OUTPUT, head_scope(OUTPUT), keys.out_channels or 1),)
        found = {name: self.head(name, head) for name, head in keys.heads.items()}
        right = tuple([self.checked(head, found) for head in found.values()])
        self.check_outputs(right)
        return right or (Output(OUTPUT, head_scope(OUTPUT), 1),)

    def head(self, name: str, head: HeadKeys) -> Output:
        """One head as it is written."""
        if not is_name(name):  # it is one of a module, and of a field of a named tuple
            fault = Fault("output-name", f"{name!r} is no name for an output", cure=NAME_RULE)
            self.reader.fault(fault, "heads", name, key=True)
        if head.channels is None and self.keys.out_channels is None:
            cure = "Give channels here, or out_channels for all outputs."
            missing = Fault("missing-key", "the key 'channels' is missing", cure=cure)
            self.reader.fault(missing, "heads", name, key=True)
        output = Output(name, head_scope(name), head.channels or self.keys.out_channels or 1, head.at, head.when)
        return output._replace(merge=self.merge(output, head))

    def merge(self, output: Output, head: HeadKeys) -> Component | None:
        """What makes the maps one that a head reads; None where it reads one."""
        path = ("heads", output.name, "merge")
        if not isinstance(head.at, tuple):
            if "merge" in head.model_fields_set:
                self.reader.no_effect(": the head reads one map", *path)
            return None
        reading = self.reader.read_around("skip", {"type": "rescale"} | head.merge, self.keys, *path)
        if reading is None:
            return None
        self.origins[output.merge_scope] = reading.origins
        return reading.part

    def checked(self, head: Output, heads: dict[str, Output]) -> Output:
        """The head, which reads level 0 instead, with faults collected, where it reads what there is not."""
        faults = [
            (index, fault) for index, source in enumerate(head.sources) for fault in self.faults(head, source, heads)
        ]
        for index, fault in faults:
            self.reader.fault(fault, "heads", head.name, "at", *((index,) if isinstance(head.at, tuple) else ()))
        return head._replace(at=0, merge=None) if faults else head

    def faults(self, head: Output, source: int | str, heads: dict[str, Output]) -> Iterator[Fault]:
        """Yields the fault of a head that cannot read a source."""
        others = [name for name in heads if name != head.name]
        if source not in self.signals and source not in heads:
            cure = f"There are {_listed((*self.signals, *others))}."
            if isinstance(source, int):
                yield Fault("unknown-level", f"there is no level {source} to read", cure=cure)
            else:
                yield Fault("unknown-signal", f"there is nothing named {source!r} to read", cure=cure)
        elif source in self.signals and source in others:
            message = f"{source} is a map of the topology, and a head"
            yield Fault("unknown-signal", message, cure="Give the head another name.")
        elif head.name in self.reached(source, heads):
            cure = f"There are {_listed(self.signals)}."
            yield Fault("unknown-signal", "the head reads its own output", cure=cure)

    def reached(self, source: int | str, heads: dict[str, Output]) -> set[str]:
        """The heads from which a source is computed, itself among them."""
        waiting, seen = [source], set[str]()
        while waiting:
            one = waiting.pop()
            if one not in self.signals and isinstance(one, str) and one in heads and one not in seen:
                seen.add(one)
                waiting += heads[one].sources
        return seen

    def check_outputs(self, heads: tuple[Output, ...]) -> None:
        """Collects what has no effect, and a network without an output."""
        reader = self.reader
        if not any(head.when == "always" for head in heads):
            message = "no output is left for inference" if heads else "there is no output"
            cure = "Give at least one output that exists always." if heads else "Give at least one."
            reader.fault(Fault("no-output", message, cure=cure), "heads", key=True)
        read = {source for head in heads for source in head.sources}
        for head in heads:
            if head.when == "never" and head.name not in read:
                reader.no_effect(": no head reads it, and it is no output", "heads", head.name)
        given = (self.keys.heads or {}).values()
        if "out_channels" in reader.values and heads and all(head.channels for head in given):
            place = reader.document.place(("out_channels",))
            if place is None or place.file in (reader.document.name, "--set"):  # not in a file that this one extends
                reader.no_effect(": all outputs give their own channels", "out_channels")


def _listed(signals: Iterable[int | str]) -> str:
    """The levels and names that heads may read, in words."""
    names = [one for one in signals if isinstance(one, str)]
    last = max(one for one in signals if isinstance(one, int))
    return f"levels 0 to {last}" + (f", {', '.join(names)}" if names else "")
