"""Sentences in the written file: docstrings, and what a block does in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap

from unetkit.codegen.layout import WIDTH
from unetkit.codegen.structure import Body

WORDS = {
    "conv": "convolution",
    "up-conv": "transposed convolution",
    "max pool": "max pooling",
    "avg pool": "average pooling",
}
WORDS |= {"interpolate": "interpolation", "concat": "concatenation", "same size": "check of the sizes"}
"""Prose for the kind of an operation. Norms and activations go by the name of their layer."""


def safe(text: str) -> str:
    """Returns text on one line, as it may stand in a docstring.

    >>> print(safe('a \\\\ and a quote: "'))
    a \\\\ and a quote: '
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split()).replace("\\", "\\\\").replace('"', "'")


def docstring(text: str, further: list[str], indent: str) -> Iterator[str]:
    """Yields a docstring: one line where all fits, else a paragraph for each of the further sentences."""
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
    """Returns what a block does: its operations where they are a chain, else what its author says."""
    part = type(block.part)
    modules = any(line.layer.is_module for line in block.lines)
    linear = all(line.inputs == (index - 1,) for index, line in enumerate(block.lines))
    if not block.lines:
        text = "Passes its input on as it is"
    elif linear or not modules:
        text = told([word(line.operation.kind, line.layer.name) for line in block.lines])
    else:
        text = safe((part.__doc__ or "").partition("\n")[0]).rstrip(".") or f"The {block.slot} {safe(block.kind)}"
    return f"{text}."


def word(kind: str, layer: str) -> str:
    """Returns the word for an operation.

    >>> word("norm", "nn.BatchNorm2d"), word("conv", "nn.Conv2d")
    ('BatchNorm', 'convolution')
    """
    name = re.sub(r"\d+d$", "", layer.rpartition(".")[2])
    return name if kind in ("norm", "act", "dropout", "module") else safe(WORDS.get(kind, kind))


def told(words: list[str]) -> str:
    """Returns a chain as a phrase.

    >>> told(["convolution", "ReLU"] * 2), told(["crop", "concatenation"])
    ('Convolution and ReLU, twice', 'Crop and concatenation')
    """
    half = len(words) // 2
    if half > 1 and words[:half] == words[half:]:
        return f"{told(words[:half])}, twice"
    text = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return text[0].upper() + text[1:]
