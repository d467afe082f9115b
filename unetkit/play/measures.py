"""The numbers of a plan for the page: its levels, the sizes that it takes, and its receptive field."""

from __future__ import annotations

from typing import Any

from unetkit.draw.text import size_label
from unetkit.geometry import SizeSet
from unetkit.planning import Plan, describe_levels, kept_by_level, needed_memory
from unetkit.planning.refusal import fits
from unetkit.planning.words import in_words_by_axis, memory_in_words
from unetkit.play.spans import keys_of

Size = tuple[int, ...]
MOST_STOPS = 64
_REACH = {1: 8192, 2: 1024, 3: 256}
"""The size up to which there are stops, by dims, unless the size that is shown is larger."""


def memory(plan: Plan, size: Size) -> dict[str, Any]:
    """The memory that one image needs, in bytes and in words."""
    needed = needed_memory(plan, size)
    return needed.json() | {"words": memory_in_words(needed)}


def levels(plan: Plan, size: Size) -> list[dict[str, Any]]:
    """The levels: channels, sizes, costs, memory kept for training, and the keys of the text that decide them."""
    kept = kept_by_level(plan, size)
    positions = {call.scope: call.position for call in plan.calls}
    rows = []
    for level in describe_levels(plan.at(size)):
        number = level["level"]
        spans = {span for one in positions.values() if one.level == number for span in keys_of(plan.spec, one)}
        rows.append(
            {
                "level": number,
                "channels": level["channels"],
                "encoder": _change(level["encoder"]),
                "decoder": _change(level["decoder"]),
                "parameters": level["parameters"],
                "macs": level["macs"],
                "memory": kept.get(number, 0),
                "keys": [span.json() for span in sorted(spans)],
            }
        )
    return rows


def _change(side: dict[str, Any] | None) -> str:
    return f"{size_label(side['input_size'])} → {size_label(side['output_size'])}" if side else ""


def sizes(plan: Plan, size: Size) -> dict[str, Any]:
    """What the size that is shown loses, the stops of a slider of sizes, and the rules in words.

    What a stop loses is said once it is the size that is shown: for all of them it takes longer than the drawing.
    """
    return {
        "size": list(size),
        "current": _loss(plan, size),
        "stops": [{"size": list(one)} for one in _stops(plan, size)],
        "accepted": in_words_by_axis(plan, plan.accepted),
        "aligned": in_words_by_axis(plan, plan.aligned),
    }


def _stops(plan: Plan, size: Size) -> list[Size]:
    """Aligned sizes, or accepted ones where none is aligned, evenly thinned out to at most MOST_STOPS."""
    sets = plan.aligned if all(plan.aligned) else plan.accepted
    reach = max(_REACH[plan.dims], *size)
    first = max(one.minimum or 1 for one in sets)
    step = max(1, -(-(reach - first) // MOST_STOPS))
    found: dict[Size, None] = {}
    for least in range(first, reach + 1, step):
        row = tuple(n for n in (_at_least(one, least) for one in sets) if n is not None)
        if len(row) == plan.dims and max(row) <= 2 * reach:
            found[row] = None
    return [one for one in sorted(found) if fits(plan, one)]


def _at_least(sizes: SizeSet, least: int) -> int | None:
    """The smallest size from `least` on: a multiple of 8 where all sizes from some on are in the set."""
    found = sizes.above(least)
    round_up = found and -(-found // 8) * 8
    return round_up if found and sizes.period == 1 and found > 8 and round_up in sizes else found


def _loss(plan: Plan, size: Size) -> dict[str, Any]:
    """What a size leaves, how far encoder and decoder are apart, what is dropped, and a warning where not aligned."""
    output, fit = plan.output_size(size), plan.alignment(size)
    is_aligned = all(axis.aligned for axis in fit)
    return {
        "size": list(size),
        "output": list(output),
        "margin": [n - m for n, m in zip(size, output, strict=True)],
        "aligned": is_aligned,
        "shift": max(float(axis.shift) for axis in fit),
        "dropped": sum(n for axis in fit for n in axis.dropped.values()),
        "words": "" if is_aligned else plan.shift_warning(size).partition(": ")[2],
    }


def field(plan: Plan, size: Size) -> dict[str, Any]:
    """The receptive field, and the interval along each axis of the image that the middle sample of the output reads."""
    box = []
    for axis, n in enumerate(plan.padded_size(size)):
        middle = plan.output_size(size)[axis] // 2
        interval = plan.receptive_interval(axis, middle, n)
        box.append([int(interval.low), int(interval.high)] if interval and interval.bounded else [0, n - 1])
    return {"size": list(plan.receptive_field), "box": box}
