"""What a card says of the images that a network takes."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import Signature
from unetkit.trained.card.content import FactTable, Section

TOLD = {
    "none": "grey levels as they are",
    "image": "mean 0 and deviation 1 in each image",
    "dataset": "(x − mean) / deviation",
    "percentile": "two percentiles of each image become 0 and 1",
}
"""By kind of normalization, what becomes of grey levels."""


def inputs(signature: Signature) -> Section:
    """Returns what images must be like: channels, orientation, spacing, grey levels, and how they are normalised."""
    lead = "The model file carries all this; `unetkit predict` reads and prepares images accordingly."
    return Section("Images", [FactTable(list(facts(signature)))], lead)


def facts(signature: Signature) -> Iterator[tuple[str, str]]:
    """Yields what is known."""
    every = "" if signature.take is None else f", of which {', '.join(map(str, signature.take))} are used"
    yield "channels", f"{signature.channels}{every}"
    if signature.axes:
        yield "axes", signature.axes
    if codes := signature.orientation or ", ".join(signature.axis_codes):
        yield "orientation", codes
    if signature.spacing:
        yield "resampled to", signature.preprocessing.shown
    if signature.sampled:
        spans = (f"{least:g}" if least == most else f"{least:g} to {most:g}" for least, most in signature.sampled)
        yield "distance between samples", f"{' × '.join(spans)} {signature.sampled_unit}".rstrip()
    if signature.greys:
        yield "grey levels", "; ".join(map(str, signature.greys))
    if signature.dtypes:
        yield "stored as", ", ".join(signature.dtypes)
    yield "normalization", normalized(signature.normalization)
    for one in signature.classes:
        if one.values is not None:
            yield f"{one.name} in the masks", ", ".join(map(str, one.values))


def normalized(how: Normalization) -> str:
    """Returns a normalization in words.

    >>> normalized(Normalization("dataset", (100.0,), (50.5,)))
    'dataset: (x − mean) / deviation, mean 100, deviation 50.5'
    """
    numbers = {"mean": how.mean, "deviation": how.std} if how.type == "dataset" else {}
    numbers |= {"low": (how.low,), "high": (how.high,)} if how.type == "percentile" else {}
    shown = (f"{name} {', '.join(f'{value:.6g}' for value in values)}" for name, values in numbers.items())
    return ", ".join([f"{how.type}: {TOLD[how.type]}", *shown])
