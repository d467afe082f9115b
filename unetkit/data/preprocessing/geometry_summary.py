"""Orientations and spacings of a data set: how many there are of each, and what is done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median_low
from typing import Any

from unetkit.data.pair_reader import PairFacts
from unetkit.data.spec import DataSpec
from unetkit.spatial.units import factor
from unetkit.wording import listed, spacing_text

ALIKE = 1.001
"""Spacings whose largest is less than so many times the smallest are one."""

Said = tuple[tuple[float, ...], str]
"""A spacing per axis, and its unit."""


def median_spacing(said: Sequence[Said]) -> Said:
    """Returns the median per axis, of an even number the lower of the two in the middle, in the first unit said.

    >>> median_spacing([((1.0, 3.0), "mm"), ((2.0, 5.0), "mm"), ((4000.0, 4000.0), "µm")])
    ((2.0, 4.0), 'mm')
    """
    unit = next((unit for _, unit in said if unit), "")
    scaled = [tuple(step * (factor(own, unit) or 1) for step in spacing) for spacing, own in said]
    return tuple(map(median_low, zip(*scaled, strict=True))), unit


def placement(data: DataSpec, facts: Sequence[PairFacts], train: Sequence[str], orientation: str) -> dict[str, Any]:
    """Returns counts of axis codes and the range of spacings; "" and null stand for files that do not say."""
    said = [(one.spacing, one.unit) for one in facts if one.spacing is not None]
    values: dict[str, Any] = {
        "orientation": orientation,
        "orientations": dict(Counter(one.axis_codes for one in facts).most_common()),
        "spacing": None,
        "spacings": None,
    }
    if said:
        unit = median_spacing(said)[1]
        scaled = [tuple(step * (factor(own, unit) or 1) for step in spacing) for spacing, own in said]
        axes = list(zip(*scaled, strict=True))
        values["spacings"] = {"least": list(map(min, axes)), "most": list(map(max, axes)), "unit": unit,
                              "unknown": len(facts) - len(said)}  # fmt: skip
        values["spacing"] = resampled_to(data, [one for one in facts if one.name in set(train)])
    return values


def resampled_to(data: DataSpec, facts: Sequence[PairFacts]) -> list[float] | None:
    """Returns the spacing that images are resampled to, by those to train with; None where they are not."""
    said = [(one.spacing, one.unit) for one in facts if one.spacing is not None]
    if data.spacing == "native" or not said:
        return None
    return list(median_spacing(said)[0] if data.spacing == "median" else data.spacing)


def placement_notes(data: DataSpec, facts: Sequence[PairFacts], values: dict[str, Any]) -> Iterator[str]:
    """Yields what of orientations and spacings may surprise."""
    codes = values["orientations"]
    if len(codes) > 1:
        shown = [f"{count} {name or 'not said'}" + examples(facts, name) for name, count in codes.items()]
        done = f"volumes are turned to {values['orientation']}" if values["orientation"] else "none is turned"
        yield f"{len(codes)} orientations: {', '.join(shown)}; {done}"
    elif "" in codes and data.keys.orientation not in ("most_common", "native"):
        yield f"no image says its orientation: orientation: {data.keys.orientation} has no effect"
    elif values["orientation"] and values["orientation"] not in codes:
        yield f"volumes are turned from {next(iter(codes))} to {values['orientation']}"
    yield from spacing_notes(data, facts, values)
    done_to: dict[str, list[str]] = {}
    for one in facts:
        for note in one.notes:
            done_to.setdefault(note, []).append(one.name)
    for note, names in done_to.items():
        yield f"{len(names)} pair{'s' * (len(names) != 1)}: {note} ({listed(names)})"


def spacing_notes(data: DataSpec, facts: Sequence[PairFacts], values: dict[str, Any]) -> Iterator[str]:
    """Yields what of spacings may surprise."""
    found = values["spacings"]
    if found is None:
        return
    least, most, unit = found["least"], found["most"], found["unit"]
    if found["unknown"]:
        silent = [one.name for one in facts if one.spacing is None]
        yield f"{len(silent)} of {len(facts)} images do not say the distance between their samples: {listed(silent)}"
    if values["spacing"] is not None:
        why = ", the median of the images to train with" if data.spacing == "median" else ""
        yield f"images are resampled to {spacing_text(values['spacing'], unit)}{why}"
    elif any(high > ALIKE * low for low, high in zip(least, most, strict=True)):
        shown = f"{spacing_text(least, unit)} to {spacing_text(most, unit)}"
        yield f"spacings differ: {shown}; spacing: median resamples all images to one"


def examples(facts: Sequence[PairFacts], codes: str) -> str:
    """Returns the first image of some axis codes, in words."""
    return f" (as {next(one.name for one in facts if one.axis_codes == codes)})"
