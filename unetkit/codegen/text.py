"""Words of the generated file: names, docstrings, and descriptions of blocks."""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Iterator
from textwrap import wrap

from unetkit.codegen.layout import WIDTH
from unetkit.codegen.structure import Body

RESERVED = frozenset(
    {
        "NamedTuple",
        "OrderedDict",
        "Outputs",
        "Tensor",
        "UNet",
        "functional",
        "initialize",
        "nn",
        "self",
        "torch",
        *dir(builtins),
    }
)
"""Names that the generated file uses itself."""

WORDS = {
    "conv": "convolution",
    "up-conv": "transposed convolution",
    "max pool": "max pooling",
    "avg pool": "average pooling",
}
WORDS |= {"interpolate": "interpolation", "concat": "concatenation", "same size": "check of the sizes"}
"""The word for each kind of operation. Norms and activations use the name of their layer."""


def safe(text: str) -> str:
    """Text on one line, safe in a docstring.

    >>> print(safe('a \\\\ and a quote: "'))
    a \\\\ and a quote: '
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split()).replace("\\", "\\\\").replace('"', "'")


def docstring(text: str, further: list[str], indent: str) -> Iterator[str]:
    """Yields a docstring: one line if all fits, else a paragraph per sentence."""
    line = f'{indent}"""{" ".join([text, *further])}"""'
    if len(line) <= WIDTH:
        yield line
        return
    for number, sentence in enumerate([text, *further]):
        if number:
            yield ""
        lines = wrap(sentence, WIDTH - len(indent) - 3)
        yield from (f'{indent}"""{each}' if each is lines[0] and not number else indent + each for each in lines)
    yield f'{indent}"""'


def summary(block: Body) -> str:
    """A sentence about a block: its operations if they are a chain, else the docstring of its class."""
    part = type(block.part)
    modules = any(line.layer.is_module for line in block.lines)
    linear = all(line.inputs == (index - 1,) for index, line in enumerate(block.lines))
    if not block.lines:
        text = "Passes its input on as it is"
    elif linear or not modules:
        text = _phrase([word(line.operation.kind, line.layer.name) for line in block.lines])
    else:
        text = safe((part.__doc__ or "").partition("\n")[0]).rstrip(".") or f"The {block.slot} {safe(block.kind)}"
    return f"{text}."


def word(kind: str, layer: str) -> str:
    """The word for an operation.

    >>> word("norm", "nn.BatchNorm2d"), word("conv", "nn.Conv2d")
    ('BatchNorm', 'convolution')
    """
    name = re.sub(r"\d+d$", "", layer.rpartition(".")[2])
    return name if kind in ("norm", "act", "dropout", "module") else safe(WORDS.get(kind, kind))


def _phrase(words: list[str]) -> str:
    """A chain as a phrase.

    >>> _phrase(["convolution", "ReLU"] * 2), _phrase(["crop", "concatenation"])
    ('Convolution and ReLU, twice', 'Crop and concatenation')
    """
    half = len(words) // 2
    if half > 1 and words[:half] == words[half:]:
        return f"{_phrase(words[:half])}, twice"
    text = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return text[0].upper() + text[1:]


def unused(name: str, taken: Collection[str]) -> str:
    """The name, with a number after it if it is taken.

    >>> unused("x", {"x", "x2"})
    'x3'
    """
    numbers = (f"{name}{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(other for other in numbers if other not in taken)


def class_names(groups: list[tuple[Body, ...]], taken: Collection[str]) -> list[str]:
    """A class name per group of blocks: that of the block, with its slot or a number if it is taken.

    Of skips that differ in how many maps they merge, those of more than two say it: `ConcatOf3`.
    """
    owners: dict[str, tuple[str, str]] = {}
    names: list[str] = []
    for group in groups:
        block = group[0]
        owner = (block.slot, block.kind)
        name = "Head" if block.slot == "head" and block.kind != "list" else type(block.part).__name__
        if name in RESERVED or name in taken or owners.setdefault(name, owner) != owner:
            name += block.slot.title()
        maps = len(block.inputs) - len(block.conditions)
        if name in names and maps > 2:
            name += f"Of{maps}"
        names.append(unused(name, {*names, *taken, *RESERVED}))
    return names
