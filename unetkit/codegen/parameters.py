"""The constructor of a block's class: which arguments of its layers become parameters, and what they are called."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from unetkit.codegen.layout import literal
from unetkit.codegen.structure import Body
from unetkit.codegen.text import unused

_COUNT_CHANNELS = frozenset(
    {"in_channels", "out_channels", "num_features", "num_channels", "num_parameters", "channels"}
)

Place = tuple[int, int | str]
"""An argument of a layer: its line in the block, and its position or keyword."""
Values = tuple[Any, ...]
"""The values of one argument, by block of a class."""


class Parameter(NamedTuple):
    """One parameter of a constructor, with its value for each block of the class."""

    name: str
    values: Values

    @property
    def annotation(self) -> str:
        """Its type."""
        kinds = {"tuple[int, ...]" if isinstance(value, tuple) else type(value).__name__ for value in self.values}
        return " | ".join(sorted(kinds))


class Constructor(NamedTuple):
    """The parameters of a class, and the text of each argument of its layers."""

    channels: tuple[Parameter, ...]
    settings: tuple[Parameter, ...]
    words: dict[Values, str]
    """The text of each number of channels."""
    texts: dict[Place, str]


def constructor(group: tuple[Body, ...]) -> Constructor:
    """The constructor of the class that a group of blocks shares."""
    found = arguments(group)
    counts = {place: values for place, (name, values) in found.items() if _counts_channels(name)}
    counts |= {
        (line, name): values  # a depthwise convolution has as many groups as channels
        for (line, _), (name, values) in found.items()
        if name == "groups" and values == counts.get((line, 0))
    }
    channels, words = _channel_words(group, counts)
    texts = {place: words[values] for place, values in counts.items()}
    others = [each for place, each in found.items() if place not in counts]
    settings = _setting_parameters(others, {parameter.name for parameter in channels})
    for place, (_, values) in found.items():
        if place not in counts:
            setting = settings.get(repr(values))
            texts[place] = setting.name if setting else literal(values[0])
    return Constructor(channels, tuple(settings.values()), words, texts)


def _counts_channels(name: str) -> bool:
    """Whether an argument of a layer, or of the class of a component within the block, is a number of channels."""
    return name in _COUNT_CHANNELS or name.rstrip("0123456789").endswith("_channels")


def arguments(group: tuple[Body, ...]) -> dict[Place, tuple[str, Values]]:
    """The name of each argument of each layer, and its values in all blocks."""
    found: dict[Place, tuple[str, Values]] = {}
    for index, line in enumerate(group[0].lines):
        layers = [block.lines[index].layer for block in group]
        names = line.layer.arg_names
        for place in range(len(line.layer.args)):
            name = names[place] if place < len(names) else f"argument{place + 1}"
            found[index, place] = name, tuple(layer.args[place] for layer in layers)
        for keyword in line.layer.kwargs:
            found[index, keyword] = keyword, tuple(layer.kwargs[keyword] for layer in layers)
    return found


def _channel_words(
    group: tuple[Body, ...], counts: dict[Place, Values]
) -> tuple[tuple[Parameter, ...], dict[Values, str]]:
    """The parameters that count channels, in the order of the signal, and how each number is written.

    The channels of inputs and output are parameters. What lies between is written as a multiple of those, as a number
    where it is always the same, and else is a parameter too.
    """
    ends = _end_names(group)
    bases: dict[Values, Values] = {}
    between: dict[Values, Parameter] = {}
    words: dict[Values, str] = {}
    for (index, _), values in counts.items():
        base = values if values in ends else _multiple_of(values, ends)
        if base:
            bases[values] = base
        elif set(values) == {1} or (len(values) > 1 and len(set(values)) == 1):
            words[values] = literal(values[0])
        elif values not in between:
            taken = {parameter.name for parameter in between.values()}
            between[values] = Parameter(unused(_between_name(group[0].lines[index].name), taken), values)
    used = {values: name for values, name in ends.items() if values in bases.values()}
    if len(used) == 1:
        used = dict.fromkeys(used, "channels")
    words |= {values: ratio(values, base).format(used[base]) for values, base in bases.items()}
    words |= {values: parameter.name for values, parameter in between.items()}
    rank = {"in_channels": 0, "skip_channels": 1, "channels": 3}
    parameters = [Parameter(name, values) for values, name in used.items()] + list(between.values())
    return tuple(sorted(parameters, key=lambda parameter: rank.get(parameter.name, 2))), words


def _end_names(group: tuple[Body, ...]) -> dict[Values, str]:
    """Names for the channels of output and inputs, by their values; equal values have one name.

    The first is the likeliest base of other numbers: the output, or the map from the encoder.
    """
    names = {tuple(block.channels for block in group): "channels"}
    for place, name in enumerate(("in_channels", "skip_channels")[: len(group[0].in_channels)]):
        names.setdefault(tuple(block.in_channels[place] for block in group), name)
    return names if len(group[0].in_channels) < 2 else dict(reversed(names.items()))


def _multiple_of(values: Values, ends: Collection[Values]) -> Values | None:
    """The end of which differing numbers are a multiple or a fraction."""
    return next((end for end in ends if ratio(values, end)), None) if len(set(values)) > 1 else None


def ratio(values: Values, end: Values) -> str:
    """The expression for `values` as a multiple or a fraction of `end`; empty if they are neither.

    >>> ratio((32, 64), (64, 128)), ratio((8, 16), (2, 4)), ratio((8, 12), (2, 4))
    ('{} // 2', '4 * {}', '')
    """
    if values == end:
        return "{}"
    shares = {whole / value for value, whole in zip(values, end, strict=True)}
    share = shares.pop()
    if shares:
        return ""
    if share.is_integer():
        return f"{{}} // {int(share)}"
    return f"{values[0] // end[0]} * {{}}" if (1 / share).is_integer() else ""


def _between_name(line: str) -> str:
    """A name for channels between input and output, after the layer that creates them.

    >>> _between_name("squeeze"), _between_name("conv1")
    ('squeeze_channels', 'mid_channels')
    """
    own = line.rpartition(".")[2]
    return "mid_channels" if own[-1].isdigit() else f"{own}_channels"


def _setting_parameters(settings: list[tuple[str, Values]], others: Collection[str] = ()) -> dict[str, Parameter]:
    """The parameters for arguments that differ between blocks, by the text of their values; `others` are taken names.

    >>> _setting_parameters([("kernel_size", (2, 3)), ("stride", (2, 3)), ("bias", (True, True))])
    {'(2, 3)': Parameter(name='stride', values=(2, 3))}
    """
    differing = [(name, values) for name, values in settings if len(set(map(repr, values))) > 1]
    strides = {repr(values) for name, values in differing if name == "stride"}
    parameters: dict[str, Parameter] = {}
    for name, values in differing:
        key = repr(values)
        if key not in parameters:
            taken = {parameter.name for parameter in parameters.values()} | {*others}
            parameters[key] = Parameter(unused("stride" if key in strides else name, taken), values)
    return parameters
