"""Which rows of a node read one piece of each map: they are computed apart, so that few rows are joined to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from unetkit.fast.streaming.buffers import Rows
from unetkit.fast.streaming.graph import RowGraph
from unetkit.fast.streaming.schedule import Computed
from unetkit.geometry import Interval

_LEAST = 1 << 18
"""Numbers that are read at least by what is computed apart: joining fewer costs less than another call."""
_SHARE = 4
"""What is computed apart is at least one in so many of the rows."""

Span = tuple[int, int]
"""Rows first … last − 1."""


def divided(graph: RowGraph, event: Computed, held: Mapping[int, Rows]) -> Iterator[Computed]:
    """The same rows as one or several events, in order."""
    low, strip = event.low, graph.strips[event.node]
    assert strip is not None, "it is computed"
    apart = [] if strip.kind == "overlap" else _apart(graph, event, held)
    for first, last in apart:
        if first > low:
            yield _part(graph, event, low, first)
        yield _part(graph, event, first, last)
        low = last
    if not apart:
        yield event
    elif event.high > low:
        yield _part(graph, event, low, event.high)


def _part(graph: RowGraph, event: Computed, low: int, high: int) -> Computed:
    return Computed(event.node, low, high, tuple(graph.reads(event.node, low, high)))


def _apart(graph: RowGraph, event: Computed, held: Mapping[int, Rows]) -> list[Span]:
    """The rows that are computed apart."""
    strip = graph.strips[event.node]
    assert strip is not None, "it is computed"
    found, numbers, one = [(event.low, event.high)], 0, None
    for place, ((source, _), wanted) in enumerate(zip(graph.inputs[event.node], event.reads, strict=True)):
        if wanted is None or not wanted.bounded:
            continue
        numbers += wanted.length * graph.row_bytes(source) // 4
        pieces = held[source].spans(*graph.within(event.node, source, wanted))
        inside = strip.fill == "none" or (wanted.low >= 0 and wanted.high < graph.rows[source])
        if len(pieces) > 1 or not inside:
            one = one or graph.reads(event.node, event.low, event.low + 1)
            found = _common(found, _readers(event, wanted, one[place], pieces))
    if one is None or numbers < _LEAST:
        return []
    least = max((event.high - event.low) // _SHARE, (event.high - event.low) * _LEAST // numbers)
    aligned = [_aligned(span, event, strip.multiple) for span in found]
    return [span for span in aligned if span[1] - span[0] >= least]


def _readers(event: Computed, wanted: Interval, one: Interval | None, pieces: Sequence[Span]) -> list[Span]:
    """The rows that read one piece alone; `one` is what the first row reads."""
    assert one is not None, "all rows read the same maps"
    steps, rate = max(1, event.high - event.low - 1), wanted.length - one.length
    if rate < 1:
        return [(event.low, event.high)]
    return [
        (
            event.low + max(0, -(-(first - one.low) * steps // rate)),
            min(event.high, event.low + (last - 1 - one.high) * steps // rate + 1),
        )
        for first, last in pieces
    ]


def _aligned(span: Span, event: Computed, multiple: int) -> Span:
    """The largest span within another that begins and ends at multiples, counted from the first row of the event."""
    first = event.low + -(-(span[0] - event.low) // multiple) * multiple
    last = span[1] if span[1] == event.high else first + (span[1] - first) // multiple * multiple
    return first, last


def _common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The rows that are in both."""
    both = [(max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other]
    return [span for span in both if span[0] < span[1]]
