"""The vectors beside the images that a trained network is given: numbers, categories, or columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from unetkit.data.preprocessing.signature import Signature, VectorRecord
from unetkit.data.tables import SUFFIXES
from unetkit.data.vectors import VectorSource
from unetkit.errors import Fault
from unetkit.planning import Plan
from unetkit.tiling import InferenceError
from unetkit.wording import plural

GivenVector = float | str | Sequence[float]
"""Numbers for all images; a category; or the path of a table with a row for each image."""


def vector_sources(plan: Plan, signature: Signature, given: Mapping[str, GivenVector]) -> tuple[VectorSource, ...]:
    """Where the vectors of a network come from; those that all training images shared need not be given.

    Raises InferenceError for missing and unknown ones.
    """
    records = {one.name: one for one in signature.vectors}
    unknown = [name for name in given if name not in plan.vectors]
    if unknown:
        known = f"It takes {', '.join(plan.vectors)}." if plan.vectors else "It takes none."
        raise InferenceError(Fault("vectors", f"{plan.spec.name} takes no vector {unknown[0]}", cure=known))
    found, faults = list[VectorSource](), list[Fault]()
    for name, count in plan.vectors.items():
        record = records.get(name) or VectorRecord(name=name, columns=(name,))
        try:
            found.append(_source(record, given.get(name, record.values), count))
        except InferenceError as error:
            faults += error.faults
    if faults:
        raise InferenceError(*faults)
    return tuple(found)


def _source(record: VectorRecord, given: GivenVector, count: int) -> VectorSource:
    """The source of one vector; raises InferenceError where it is missing or unsuitable."""
    name = record.name
    if isinstance(given, str):
        if Path(given).suffix.lower() in SUFFIXES:
            columns = record.columns or (name,)
            source = VectorSource(name, table=given, columns=columns, categories=record.categories)
        elif given in record.categories:
            source = VectorSource(name, tuple(float(one == given) for one in record.categories))
        else:
            known = f"one of {', '.join(record.categories)}" if record.categories else plural(count, "number")
            message = f"{given!r} is neither {known} nor a table ({', '.join(SUFFIXES)})"
            raise InferenceError(Fault("vectors", f"{name}: {message}"))
    else:
        source = VectorSource(name, (given,) if isinstance(given, int | float) else tuple(given))
    if not source.values and not source.table:
        cure = f"Give --vector {name}=NUMBER, or --vector {name}=images.csv with a row for each image."
        raise InferenceError(Fault("vectors", f"the network takes the vector {name}, which is not given", cure=cure))
    if source.count != count:
        message = f"{name} has {plural(count, 'value')} for each image, not {source.count}"
        raise InferenceError(Fault("vectors", message, cure=f"Give {plural(count, 'value')}."))
    return source


def parse_vectors(texts: Sequence[str]) -> Iterator[tuple[str, GivenVector]]:
    """Yields the name and the value of each text NAME=VALUE; raises ValueError for any other.

    >>> dict(parse_vectors(["time=0.5", "stain=1, 0", "site=berlin"]))
    {'time': (0.5,), 'stain': (1.0, 0.0), 'site': 'berlin'}
    """
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise ValueError(f"{text!r} is not NAME=VALUE")
        try:
            yield name, tuple(float(one) for one in value.split(","))
        except ValueError:
            yield name, value
