"""The section of a card about the images that a network takes."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import Signature
from unetkit.trained.card.content import FactList, Section

_NORMALIZATIONS = {
    "none": "grey levels as stored",
    "image": "mean 0 and standard deviation 1 in each image",
    "dataset": "(x − mean) / deviation",
    "percentile": "two percentiles of each image become 0 and 1",
}


def image_section(signature: Signature) -> Section:
    """Channels, orientation, spacing, grey levels, and normalization of the images."""
    lead = "The model file has all of this; `unetkit predict` reads and prepares images accordingly."
    return Section("Images", [FactList(list(_facts(signature)))], lead)


def _facts(signature: Signature) -> Iterator[tuple[str, str]]:
    used = "" if signature.take is None else f", of which {', '.join(map(str, signature.take))} are used"
    yield "channels", f"{signature.channels}{used}"
    if signature.axes:
        yield "axes", signature.axes
    if codes := signature.orientation or ", ".join(signature.axis_codes):
        yield "orientation", codes
    if signature.spacing:
        yield "resampled to", signature.preprocessing.spacing_text
    if signature.sampled:
        ranges = (f"{least:g}" if least == most else f"{least:g} to {most:g}" for least, most in signature.sampled)
        yield "distance between samples", f"{' × '.join(ranges)} {signature.sampled_unit}".rstrip()
    if signature.greys:
        yield "grey levels", "; ".join(map(str, signature.greys))
    if signature.dtypes:
        yield "stored as", ", ".join(signature.dtypes)
    yield "normalization", _in_words(signature.normalization)
    for one in signature.classes:
        if one.values is not None:
            yield f"{one.name} in the masks", ", ".join(map(str, one.values))


def _in_words(normalization: Normalization) -> str:
    """A normalization in words.

    >>> _in_words(Normalization("dataset", (100.0,), (50.5,)))
    'dataset: (x − mean) / deviation, mean 100, deviation 50.5'
    """
    kind = normalization.type
    numbers = {"mean": normalization.mean, "deviation": normalization.std} if kind == "dataset" else {}
    numbers |= {"low": (normalization.low,), "high": (normalization.high,)} if kind == "percentile" else {}
    texts = (f"{name} {', '.join(f'{value:.6g}' for value in values)}" for name, values in numbers.items())
    return ", ".join([f"{kind}: {_NORMALIZATIONS[kind]}", *texts])
