"""From YAML to a spec, in two passes: the frame first, then each block by its own model, found through the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from os import PathLike
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from unetkit import registry
from unetkit.block import Component, insets
from unetkit.document.document import Document, Find, override, parse, read
from unetkit.document.kinds import expect_kind
from unetkit.errors import BlockError, Fault, SpecError
from unetkit.language.cascade import Path, Position, Scopes, SlotChoice, choose, positions, spots, written
from unetkit.language.faults import faults_of, shown
from unetkit.language.find import find_spec
from unetkit.language.spec import Spec, source_path
from unetkit.language.spec_keys import MAX_LEVELS, Bare, Init, OddSizes, SpecKeys, StrictModel
from unetkit.plugins.distributions import namespace

Setting = TypeVar("Setting", Init, OddSizes)


def load(source: str | PathLike[str] | Mapping[str, Any], overrides: Iterable[str] = ()) -> Spec:
    """Returns the spec in a file, of a shipped name, or given as plain values; `overrides` are `path=VALUE`.

    Raises SpecError with everything that is wrong.

    >>> load("unet-2015", overrides=["skip.align=pad"]).parts["decoder.0.skip"].align
    'pad'
    """
    if isinstance(source, Mapping):
        return from_values(source, overrides)
    path = find_spec(str(source))
    document = read(path, find=find_spec)
    expect_kind(document, "spec")
    document = override(document, overrides)
    return Loader(document.values(), document).spec(path.stem)


def from_values(values: Mapping[str, Any], overrides: Iterable[str]) -> Spec:
    """Returns the spec for plain values: they are written as YAML first, so that errors can quote a line."""
    return from_text(to_text(values), "<values>", overrides)


def from_text(text: str, name: str, overrides: Iterable[str] = (), *, find: Find = find_spec) -> Spec:
    """Returns the spec in a YAML text; `name` is what messages call it, `find` finds what it extends."""
    document = override(parse(text, name, find=find), overrides)
    return Loader(document.values(), document).spec("unnamed")


def to_text(values: Mapping[str, Any]) -> str:
    """Returns plain values as YAML."""
    import yaml  # PyYAML's writer; specs in files never need it

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(as_lists(values), Dumper=dumper, sort_keys=False, allow_unicode=True)
    return text


def as_lists(value: Any) -> Any:
    """Returns plain values with lists for tuples, as YAML has them."""
    if isinstance(value, Mapping):
        return {key: as_lists(item) for key, item in value.items()}
    return [as_lists(item) for item in value] if isinstance(value, list | tuple) else value


STAND_IN = {"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": (1,) * MAX_LEVELS}
"""What counts in place of wrong or missing keys while the rest of a spec is looked through for faults."""


def without(values: dict[Any, Any], path: Path) -> dict[Any, Any]:
    """Returns nested maps without what stands at a path; a list with a wrong item goes as a whole."""
    if not path:
        return {}
    key, *rest = path
    inner = values.get(key)
    if rest and isinstance(inner, dict):
        return values | {key: without(inner, tuple(rest))}
    return {name: value for name, value in values.items() if name != key}


FAMILIES = {
    slot: (*own, "encoder", "decoder", "bottleneck", "levels")
    for slot, own in {
        "block": ("block", "norm", "act"),
        "down": ("down",),
        "up": ("up",),
        "skip": ("skip",),
        "head": ("head",),
    }.items()
}
"""By slot, the keys of a spec that its blocks depend on."""


class Family(NamedTuple):
    """The blocks of one slot by position, None where one could not be made; what was noted while they were made."""

    parts: dict[str, Component | None]
    origins: dict[str, dict[Path, Path]]
    types: dict[type[Component], str]
    used: set[Path]
    reasons: dict[Path, str]
    plugins: dict[str, str]


Memo = dict[Any, Family]
"""What specs that are loaded one after another have in common, so that it is made once."""


class Loader:
    """Turns the values of one document into a spec; collects all faults on the way."""

    def __init__(self, values: dict[str, Any], document: Document, memo: Memo | None = None) -> None:
        self.values = values
        self.document = document
        self.memo: Memo = {} if memo is None else memo
        self.faults: list[Fault] = []
        self.used: set[Path] = set()
        self.types: dict[type[Component], str] = {}
        self.choices: dict[tuple[str, tuple[Path, ...]], SlotChoice] = {}
        self.made: dict[tuple[str, tuple[Path, ...]], Component | None] = {}
        self.reasons: dict[Path, str] = {}
        self.dims = 2
        self.pins: dict[str, str] = {}
        self.plugins: dict[str, str] = {}

    def spec(self, name: str) -> Spec:
        """Returns the spec; `name` where the document gives none."""
        frame = self.frame()
        if not frame.name:
            frame = frame.model_copy(update={"name": name})
        channels = frame.channel_numbers()
        self.dims, self.pins = frame.dims, frame.plugins
        parts, origins = self.parts(frame, len(channels))
        self.check_pins()
        self.check_levels(frame, len(channels))
        self.check_unused(frame, len(channels))
        init, odd_sizes = self.init(frame), self.odd_sizes(frame)
        decoder = self.decoder_channels(frame, channels)
        self.stop()
        return Spec(frame, channels, decoder, parts, self.types, init, odd_sizes, self.document, origins, self.plugins)

    def stop(self) -> None:
        """Raises what was collected, in the order of the file."""
        if self.faults:
            unique = dict.fromkeys(self.faults)
            raise SpecError(*sorted(unique, key=lambda fault: (fault.place or ("",))[1:3]))

    def fault(self, fault: Fault, path: Path, *, key: bool = False) -> None:
        """Collects a fault of what was written at a path."""
        place = self.document.place(path, key=key)
        where = ".".join(map(str, path))
        self.faults.append(Fault(fault.code, fault.message, fault.path or where, fault.cure, fault.place or place))

    def frame(self) -> SpecKeys:
        """Returns the frame; where keys are wrong, what it would be without them, so that one run shows all faults."""
        values = self.values
        for _ in range(3):  # without a wrong key another may be missing, and that is the end of it
            try:
                return SpecKeys.model_validate(values)
            except ValidationError as error:
                for path, fault in faults_of(error, SpecKeys):
                    self.fault(fault, path, key=fault.code == "unknown-key")
                    values = STAND_IN | without(values, path)
        self.stop()
        raise AssertionError("a frame that is still wrong has faults")

    def parts(self, frame: SpecKeys, depth: int) -> tuple[dict[str, Component], dict[str, dict[Path, Path]]]:
        """Returns the block of each position, and where each of its parameters was written."""
        families = {slot: self.family(slot, frame, depth) for slot in FAMILIES}
        self.types, self.used, self.reasons, self.plugins = {}, set(), {}, {}
        for family in families.values():
            self.types |= family.types
            self.used |= family.used
            self.reasons |= family.reasons
            self.plugins |= family.plugins
        parts: dict[str, Component] = {}
        origins: dict[str, dict[Path, Path]] = {}
        for spot in spots(depth):
            family = families[spot.slot]
            origins[spot.scope] = family.origins[spot.scope]
            part = family.parts[spot.scope]
            if part is not None:
                parts[spot.scope] = part
        return parts, origins

    def family(self, slot: str, frame: SpecKeys, depth: int) -> Family:
        """Returns the blocks of a slot, from the memo where a spec before had the same settings for them."""
        key = slot, depth, self.dims, repr([self.values.get(setting) for setting in FAMILIES[slot]])
        family = self.memo.get(key)
        if family is None:
            family = Family({}, {}, {}, set(), {}, {})
            self.types, self.used, self.reasons = family.types, family.used, family.reasons
            self.plugins = family.plugins
            for position in positions(frame, depth, slot):
                family.parts[position.scope], choice = self.part(position)
                family.origins[position.scope] = choice.origins
            if not self.faults:
                self.memo[key] = family
        return family

    def part(self, position: Position) -> tuple[Component | None, SlotChoice]:
        """Returns the block for a position, and what chose it."""
        choice = self.choice(position.chain, position.slot)
        key = position.slot, tuple(path for path, _ in position.chain)
        if key in self.made:
            return self.made[key], choice
        inherited = {}
        if position.slot == "block":
            inherited = {slot: self.choice(position.chain, slot) for slot in ("norm", "act")}
        part = self.made[key] = self.make(position.slot, choice, inherited)
        if part is not None:
            self.note_use(part, choice, inherited)
        return part, choice

    def note_use(self, part: Component, choice: SlotChoice, inherited: dict[str, SlotChoice]) -> None:
        """Notes which of the settings that chose a block have an effect in it, and why others have none."""
        idle = part.idle()
        for path, origin in choice.origins.items():
            if path[0] in idle:
                self.reasons.setdefault(origin, idle[str(path[0])])
            else:
                self.used.add(origin)
        for name, inset in insets(type(part)).items():
            if inset.inherited and name not in choice.values and name not in idle:
                self.used.update(inherited[inset.slot].origins.values())

    def choice(self, chain: Scopes, slot: str) -> SlotChoice:
        """Returns what the scopes say for a slot, remembered by the scopes."""
        key = slot, tuple(path for path, _ in chain)
        if key not in self.choices:
            self.choices[key] = choose(chain, slot)
        return self.choices[key]

    def make(self, slot: str, choice: SlotChoice, inherited: dict[str, SlotChoice]) -> Component | None:
        """Returns the block of a choice; None, with faults collected, where it is wrong."""
        values = dict(choice.values)
        kind = values.pop("type", None)
        blame = partial(self.blame, choice.origins)
        if kind is None:
            cure = f"Give a type: {', '.join(registry.names(slot))}."
            blame(Fault("missing-key", f"no type is given for this {slot}", cure=cure), ())
            return None
        if not isinstance(kind, str):
            cure = f"Give a type: {', '.join(registry.names(slot))}."
            blame(Fault("wrong-type", f"type {shown(kind)} is not the name of a block", cure=cure), ("type",))
            return None
        try:
            model = registry.find(slot, kind)
        except BlockError as error:
            for fault in error.faults:
                missing = fault.code == "plugin-missing"
                blame(registry.unknown(slot, kind, self.pins) if missing else fault, ("type",))
            return None
        self.note_plugin(slot, kind)
        healthy = self.fill_insets(model, values, choice, inherited)
        try:
            part = model.model_validate(values, context={"dims": self.dims})
            idle = part.idle()
            if idle.keys() & values.keys():  # inherited from a wider scope: without effect here, so not even kept
                values = {name: value for name, value in values.items() if name not in idle}
                part = model.model_validate(values, context={"dims": self.dims})
        except ValidationError as error:
            for path, fault in faults_of(error, model):
                blame(fault, path, key=fault.code == "unknown-key")
            return None
        for field, message, cure in part.faults(self.dims):
            blame(Fault("wrong-value", message, cure=cure), (field,))
            healthy = False
        self.types[type(part)] = registry.full_name(slot, kind)
        return part if healthy else None

    def note_plugin(self, slot: str, kind: str) -> None:
        """Notes the distribution that a block comes from."""
        entry = registry.offer(slot, kind)
        if entry is not None:
            self.plugins[entry.distribution] = entry.version

    def check_pins(self) -> None:
        """Collects distributions of which another version is installed than the one that this was made with."""
        installed = {namespace(name): version for name, version in self.plugins.items()}
        for owner, pin in self.pins.items():
            version = installed.get(namespace(owner), pin)  # what no block is of has no say
            if version != pin:
                message = f"this was made with {owner} {pin}, installed is {version}"
                cure = f"Install it: pip install {owner}=={pin}. Or change the version here, if that is meant."
                self.fault(Fault("plugin-version", message, cure=cure), ("plugins", owner))

    def fill_insets(
        self, model: type[Component], values: dict[str, Any], choice: SlotChoice, inherited: dict[str, SlotChoice]
    ) -> bool:
        """Puts blocks in place of what the values say for the inner slots; returns whether all could be made."""
        healthy = True
        for name, inset in insets(model).items():
            said = values.get(name)
            if isinstance(said, str | dict):
                inner = said if isinstance(said, dict) else Bare(type=said)
                paths = {path[1:]: origin for path, origin in choice.origins.items() if path[0] == name}
                if isinstance(said, str):
                    paths = {("type",): choice.origins[(name,)]} if (name,) in choice.origins else {}
                chosen = SlotChoice(inner, paths)
            elif name not in values and inset.inherited and inset.slot in inherited:
                chosen = inherited[inset.slot]
            else:
                continue
            part = self.make(inset.slot, chosen, {})
            if part is None:
                healthy = False
                values.pop(name, None)
            else:
                values[name] = part
        return healthy

    def blame(self, origins: dict[Path, Path], fault: Fault, path: Path, *, key: bool = False) -> None:
        """Collects a fault at the place where the value at a path inside a block was written."""
        self.fault(fault, source_path(origins, path), key=key)

    def setting(self, key: str, model: type[Setting], said: dict[str, Any]) -> Setting:
        """Returns one of the small settings that are no blocks: how weights begin, what happens to odd sizes."""
        try:
            return model.model_validate(dict(said))
        except ValidationError as error:
            self.faults_within(error, model, key)
            return model()

    def faults_within(self, error: ValidationError, model: type[StrictModel], key: str) -> None:
        """Collects the faults of a small setting."""
        for path, fault in faults_of(error, model):
            self.fault(fault, (key, *path), key=fault.code == "unknown-key")

    def init(self, frame: SpecKeys) -> Init:
        """Returns how weights begin."""
        init = self.setting("init", Init, frame.init)
        if init.std is not None and init.type not in ("normal", "trunc_normal"):
            message = f"std has no effect: init {init.type} computes its own"
            self.fault(Fault("no-effect", message, cure="Leave std out."), ("init", "std"))
        return init

    def odd_sizes(self, frame: SpecKeys) -> OddSizes:
        """Returns what happens to odd sizes."""
        odd = self.setting("odd_sizes", OddSizes, frame.odd_sizes)
        if odd.type == "error" and "mode" in odd.model_fields_set:
            fault = Fault("no-effect", "mode has no effect: odd_sizes error pads nothing", cure="Leave mode out.")
            self.fault(fault, ("odd_sizes", "mode"))
        return odd

    def decoder_channels(self, frame: SpecKeys, channels: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the channels of the decoder's levels."""
        wanted = len(channels) - 1
        own = frame.decoder.channels if frame.decoder else None
        if own is None or any(fault.path.startswith("channels") for fault in self.faults):
            return channels[:-1]
        if len(own) != wanted:
            message = f"{len(own)} numbers for {wanted} levels above the bottleneck"
            self.fault(Fault("wrong-length", message, cure=f"Give {wanted} numbers."), ("decoder", "channels"))
        return own

    def check_levels(self, frame: SpecKeys, depth: int) -> None:
        """Collects overrides of levels that the network does not have."""
        for level in frame.levels:
            if not 0 <= level < depth:
                message = f"there is no level {level}, the network has levels 0 to {depth - 1}"
                self.fault(Fault("unknown-level", message), ("levels", level), key=True)

    def filled(self, path: Path) -> bool:
        """Whether what stands at a path is the type of a block of which parameters alone were written."""
        said = self.document.root.value[path[0]][1].value if len(path) == 2 and path[1] == "type" else None
        return isinstance(said, dict) and "type" not in said

    def check_unused(self, frame: SpecKeys, depth: int) -> None:
        """Collects what was written but has a say nowhere: nothing is ignored in silence."""
        if self.faults:
            return
        for path in written(frame):
            if self.filled(path) or path in self.used or (depth == 1 and path[0] in ("down", "up", "skip")):
                continue
            reason = self.reasons.get(path)
            if reason is not None:
                fault = Fault("no-effect", f"{path[-1]} has no effect: {reason}", cure=f"Leave {path[-1]} out.")
            else:
                message = "this has no effect: it is overridden wherever it could apply, or nothing here uses it"
                fault = Fault("no-effect", message, cure="Remove it, or what overrides it.")
            self.fault(fault, path, key=True)
