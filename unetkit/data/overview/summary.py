"""What a data set holds, as plain values: counts, sizes, grey levels, and how much of it each class has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unetkit.data.opening import DataCheck
from unetkit.data.pair_reader import PairFacts
from unetkit.data.pairs import UNLABELLED, Pairs, Splits
from unetkit.data.preprocessing.geometry_summary import placement, placement_notes
from unetkit.data.spec import DataSpec
from unetkit.data.splits.split_file import PARTS
from unetkit.wording import listed


def summary(data: DataSpec, checked: DataCheck) -> dict[str, Any]:
    """Returns the facts of a data set that was checked; parts and classes only where nothing is wrong."""
    facts = {one.name: one for one in checked.facts}
    values: dict[str, Any] = {
        "name": data.name,
        "source": data.keys.source,
        "dims": data.dims,
        "channels": data.channels,
        "normalization": data.resolve()["normalization"],
        "valid": checked.splits is not None,
        "pairs": len(facts),
        "sizes": sizes(facts.values()),
    }
    if checked.splits is None:
        return values
    named = dict(zip(PARTS, parts(checked.splits), strict=True))
    values["levels"] = [min(one.low for one in facts.values()), max(one.high for one in facts.values())]
    values["splits"] = {name: len(pairs) for name, pairs in named.items()}
    total = {name: tally([facts[one] for one in pairs.names]) for name, pairs in named.items()}
    values["classes"] = [
        {
            "name": name,
            "colour": "#{:02x}{:02x}{:02x}".format(*checked.splits.train.colours[index]),
            "images": sum(index in one.counts for one in facts.values()),
            "shares": {part: share(counts, index) for part, counts in total.items()},
        }
        for index, name in enumerate(checked.splits.train.classes)
    ]
    values["unlabelled"] = {part: share(counts, UNLABELLED, of_all=True) for part, counts in total.items()}
    train = checked.splits.train
    placed = placement(data, checked.facts, train.names, train.orientation)
    values |= placed
    about_place = placement_notes(data, checked.facts, placed)
    values["notes"] = [*data.dataset.notes(data.folder), *about_place, *notes(checked, total)]
    values["fingerprint"] = checked.splits.fingerprint
    return values


def parts(splits: Splits) -> tuple[Pairs, Pairs, Pairs]:
    """Returns the three parts."""
    return splits.train, splits.validation, splits.test


def sizes(facts: Iterable[PairFacts]) -> dict[str, list[int]]:
    """Returns the least and the largest size per axis; nothing where there are no pairs."""
    axes = list(zip(*(one.size for one in facts), strict=True))
    return {"least": [min(axis) for axis in axes], "most": [max(axis) for axis in axes]}


def tally(facts: Iterable[PairFacts]) -> dict[int, int]:
    """Returns the pixels of each class over some pairs."""
    total: dict[int, int] = {}
    for one in facts:
        for label, count in one.counts.items():
            total[label] = total.get(label, 0) + count
    return total


def share(counts: dict[int, int], label: int, *, of_all: bool = False) -> float | None:
    """Returns the share of a class of the labelled pixels, or of all; None where there are none."""
    whole = sum(count for one, count in counts.items() if of_all or one != UNLABELLED)
    return counts.get(label, 0) / whole if whole else None


def notes(checked: DataCheck, total: dict[str, dict[int, int]]) -> list[str]:
    """Returns what is no fault, but may surprise: images of one grey level, classes that nothing is learned of."""
    flat = [one.name for one in checked.facts if one.low == one.high]
    found = [f"{len(flat)} images have one grey level throughout: {', '.join(flat[:5])}"] if flat else []
    listed_names = {name for part in parts(checked.splits) for name in part.names} if checked.splits else set()
    left = [one.name for one in checked.facts if one.name not in listed_names]
    if left and checked.splits:
        found.append(f"{len(left)} pair{'s are' if len(left) > 1 else ' is'} in no part: {listed(left)}")
    names = checked.splits.train.classes if checked.splits else ()
    for index, name in enumerate(names):
        if index not in total["train"]:
            found.append(f"no image to train with has the class {name.removeprefix('class ')}")
    return found
