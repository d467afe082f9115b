"""Orientations and spacings of a data set, and what is done about differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median_low
from typing import Any

from unetkit.data.pair_reader import PairFacts
from unetkit.data.spec import DataSpec
from unetkit.spatial.units import factor
from unetkit.wording import listed, plural, spacing_text

_EQUAL = 1.001
"""Spacings are equal if the largest is less than this multiple of the smallest."""

_Spacing = tuple[tuple[float, ...], str]
"""A spacing per axis, and its unit."""


def median_spacing(spacings: Sequence[_Spacing]) -> _Spacing:
    """The (lower) median per axis, in the first unit that is known.

    >>> median_spacing([((1.0, 3.0), "mm"), ((2.0, 5.0), "mm"), ((4000.0, 4000.0), "µm")])
    ((2.0, 4.0), 'mm')
    """
    axes, unit = _in_one_unit(spacings)
    return tuple(map(median_low, axes)), unit


def _in_one_unit(spacings: Sequence[_Spacing]) -> tuple[list[tuple[float, ...]], str]:
    """All spacings of each axis, in the first unit that is known."""
    unit = next((unit for _, unit in spacings if unit), "")
    scaled = [tuple(step * (factor(own, unit) or 1) for step in spacing) for spacing, own in spacings]
    return list(zip(*scaled, strict=True)), unit


def summarize_geometry(
    data: DataSpec, facts: Sequence[PairFacts], train: Sequence[str], orientation: str
) -> dict[str, Any]:
    """Counts of axis codes and the range of spacings; "" and null stand for files without them."""
    spacings = [(each.spacing, each.unit) for each in facts if each.spacing is not None]
    values: dict[str, Any] = {
        "orientation": orientation,
        "orientations": dict(Counter(each.axis_codes for each in facts).most_common()),
        "spacing": None,
        "spacings": None,
    }
    if spacings:
        axes, unit = _in_one_unit(spacings)
        values["spacings"] = {"least": list(map(min, axes)), "most": list(map(max, axes)), "unit": unit,
                              "unknown": len(facts) - len(spacings)}  # fmt: skip
        values["spacing"] = _target_spacing(data, [each for each in facts if each.name in set(train)])
    return values


def _target_spacing(data: DataSpec, facts: Sequence[PairFacts]) -> list[float] | None:
    """The spacing that images are resampled to, from the facts of training images; None for no resampling."""
    spacings = [(each.spacing, each.unit) for each in facts if each.spacing is not None]
    if data.spacing == "native" or not spacings:
        return None
    return list(median_spacing(spacings)[0] if data.spacing == "median" else data.spacing)


def geometry_notes(data: DataSpec, facts: Sequence[PairFacts], values: dict[str, Any]) -> Iterator[str]:
    """Remarks on orientations and spacings that may be unexpected."""
    codes = values["orientations"]
    if len(codes) > 1:
        counts = []
        for each, count in codes.items():
            example = next(fact.name for fact in facts if fact.axis_codes == each)
            counts.append(f"{count} {each or 'unknown'} (as {example})")
        target = values["orientation"]
        action = f"volumes are reoriented to {target}" if target else "none is reoriented"
        yield f"{len(codes)} orientations: {', '.join(counts)}; {action}"
    elif "" in codes and data.keys.orientation not in ("most_common", "native"):
        yield f"no image has a known orientation: orientation: {data.keys.orientation} has no effect"
    elif values["orientation"] and values["orientation"] not in codes:
        yield f"volumes are reoriented from {next(iter(codes))} to {values['orientation']}"
    yield from _spacing_notes(data, facts, values)
    by_note: dict[str, list[str]] = {}
    for each in facts:
        for note in each.notes:
            by_note.setdefault(note, []).append(each.name)
    for note, names in by_note.items():
        yield f"{plural(len(names), 'pair')}: {note} ({listed(names)})"


def _spacing_notes(data: DataSpec, facts: Sequence[PairFacts], values: dict[str, Any]) -> Iterator[str]:
    spacings = values["spacings"]
    if spacings is None:
        return
    least, most, unit = spacings["least"], spacings["most"], spacings["unit"]
    if spacings["unknown"]:
        unknown = [each.name for each in facts if each.spacing is None]
        yield f"{len(unknown)} of {len(facts)} images lack the distance between their samples: {listed(unknown)}"
    if values["spacing"] is not None:
        reason = ", the median of the training images" if data.spacing == "median" else ""
        yield f"images are resampled to {spacing_text(values['spacing'], unit)}{reason}"
    elif any(high > _EQUAL * low for low, high in zip(least, most, strict=True)):
        least_text, most_text = (spacing_text(each, unit) for each in (least, most))
        yield f"spacings differ: {least_text} to {most_text}; spacing: median resamples them"
