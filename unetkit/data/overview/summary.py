"""Statistics of a data set as plain values: counts, sizes, intensities, and the fraction of each class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unetkit.data.opening import DataCheck
from unetkit.data.pair_reader import PairFacts
from unetkit.data.pairs import UNLABELLED, Pairs, Splits
from unetkit.data.preprocessing.geometry_summary import geometry_notes, summarize_geometry
from unetkit.data.spec import DataSpec
from unetkit.data.splits.split_file import PARTS
from unetkit.wording import listed


def summary(data: DataSpec, check: DataCheck) -> dict[str, Any]:
    """The statistics of a checked data set; those of parts and classes only if there are no faults."""
    facts = {each.name: each for each in check.facts}
    values: dict[str, Any] = {
        "name": data.name,
        "source": data.keys.source,
        "dims": data.dims,
        "channels": data.channels,
        "normalization": data.resolve()["normalization"],
        "valid": check.splits is not None,
        "pairs": len(facts),
        "sizes": _sizes(facts.values()),
    }
    if check.splits is None:
        return values
    named = dict(zip(PARTS, _parts(check.splits), strict=True))
    values["levels"] = [min(each.low for each in facts.values()), max(each.high for each in facts.values())]
    values["splits"] = {name: len(pairs) for name, pairs in named.items()}
    total = {name: _tally([facts[each] for each in pairs.names]) for name, pairs in named.items()}
    values["classes"] = [
        {
            "name": name,
            "colour": "#{:02x}{:02x}{:02x}".format(*check.splits.train.colours[index]),
            "images": sum(index in each.counts for each in facts.values()),
            "shares": {part: _fraction(counts, index) for part, counts in total.items()},
        }
        for index, name in enumerate(check.splits.train.classes)
    ]
    values["unlabelled"] = {part: _fraction(counts, UNLABELLED, of_all=True) for part, counts in total.items()}
    train = check.splits.train
    geometry = summarize_geometry(data, check.facts, train.names, train.orientation)
    values |= geometry
    values["notes"] = [
        *data.dataset.notes(data.folder),
        *geometry_notes(data, check.facts, geometry),
        *_notes(check, total),
    ]
    values["fingerprint"] = check.splits.fingerprint
    return values


def _parts(splits: Splits) -> tuple[Pairs, Pairs, Pairs]:
    """The three parts."""
    return splits.train, splits.validation, splits.test


def _sizes(facts: Iterable[PairFacts]) -> dict[str, list[int]]:
    """The least and the largest size per axis; empty without pairs."""
    axes = list(zip(*(each.size for each in facts), strict=True))
    return {"least": [min(axis) for axis in axes], "most": [max(axis) for axis in axes]}


def _tally(facts: Iterable[PairFacts]) -> dict[int, int]:
    """The pixels of each class over some pairs."""
    total: dict[int, int] = {}
    for each in facts:
        for label, count in each.counts.items():
            total[label] = total.get(label, 0) + count
    return total


def _fraction(counts: dict[int, int], label: int, *, of_all: bool = False) -> float | None:
    """The fraction of a class among the labelled pixels, or all pixels; None without pixels."""
    pixels = sum(count for each, count in counts.items() if of_all or each != UNLABELLED)
    return counts.get(label, 0) / pixels if pixels else None


def _notes(check: DataCheck, total: dict[str, dict[int, int]]) -> list[str]:
    """Remarks that are no faults: constant images, unused pairs, classes without training images."""
    constant = [each.name for each in check.facts if each.low == each.high]
    notes = [f"{len(constant)} images are constant: {', '.join(constant[:5])}"] if constant else []
    used = {name for part in _parts(check.splits) for name in part.names} if check.splits else set()
    unused = [each.name for each in check.facts if each.name not in used]
    if unused and check.splits:
        notes.append(f"{len(unused)} pair{'s are' if len(unused) > 1 else ' is'} in no part: {listed(unused)}")
    names = check.splits.train.classes if check.splits else ()
    for index, name in enumerate(names):
        if index not in total["train"]:
            notes.append(f"no training image has the class {name.removeprefix('class ')}")
    return notes
