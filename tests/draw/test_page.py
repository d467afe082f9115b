"""Pages: what a browser would fetch, what a name can break, and where numbers stand in a chart."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import product
from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetkit.page import (
    Cell,
    ChartAxis,
    ChartLine,
    Column,
    Point,
    breakable,
    chart,
    document,
    element,
    picture,
    scale,
    section,
    table,
)
from unetkit.quoting import printable_lines

NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))


class Reader(HTMLParser):
    """The texts of a page, its attributes that name a place, and whether every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.places: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "hr", "img", "meta"):
            self.open.append(tag)
        self.places += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action", "data")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_no_name_can_break_a_page(name: str) -> None:
    rows = [[Cell(name), Cell("1", 1.0)]]
    page = document(name, section(name, table([Column(name), Column("b", True)], rows, caption=name), anchor="a"))
    read = Reader(page)
    assert not read.open
    assert sum(text == printable_lines(name) for text in read.texts) >= 3 or not name
    assert "<script" not in name or page.count("<script") == document("x").count("<script")


def test_a_page_fetches_nothing_and_forbids_it() -> None:
    page = document("Page", element("p", "text"), picture(b"\x89PNG", "a picture"))
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert all(place.startswith("data:") for place in Reader(page).places)
    assert not re.search(r"@import|url\(", page)


@given(st.lists(NUMBERS, min_size=1, max_size=9))
def test_a_scale_holds_its_values_and_marks_two_to_eleven_round_numbers(values: list[float]) -> None:
    found = scale(values)
    assert all(0 <= found.at(value) <= 100 for value in values)
    assert 2 <= len(found.ticks) <= 11
    assert len(set(found.labels())) == len(found.ticks)


@given(st.lists(st.floats(1e-6, 1e12), min_size=1, max_size=9))
def test_a_logarithmic_scale_holds_its_values(values: list[float]) -> None:
    found = scale(values, logarithmic=True)
    assert all(0 <= found.at(value) <= 100 for value in values)
    assert all(0 <= found.at(tick) <= 100 for tick in found.ticks) and len(found.ticks) >= 1


def test_a_chart_stands_in_percent_so_that_its_text_keeps_its_size() -> None:
    axis = ChartAxis(scale([0.0, 10.0], room=0), "steps")
    drawn = chart(axis, axis, [ChartLine([(0, 0), (10, 10)]), Point(5, 2, "1", "the first")], title="a line")
    assert 'points="0.00,100.00 100.00,0.00"' in drawn
    assert 'cx="50.00%" cy="80.00%" r="10"' in drawn
    assert "<title>a line</title>" in drawn and ">steps<" in drawn


EXTREMES = (0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, 1e-310, 1e-20, 0.1, 0.3, 1e20, 1e20 + 2e4, 1e15 + 0.125, -1e39, 0.5)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_scale_takes_whatever_numbers(logarithmic: bool) -> None:
    for values in (*product(EXTREMES, repeat=2), (1e-7, 2e-7), (nan, inf), ()):
        made = scale(values, logarithmic=logarithmic)
        assert len(made.labels()) == len(made.ticks)
        assert all(isfinite(made.at(value)) for value in values if isfinite(value) and (value > 0 or not logarithmic))


def test_a_page_shows_no_character_that_is_obeyed() -> None:
    page = document("a\x1b\u202eb", element("p", "a\x1b\u202eb\nc", title="\x9b"), breakable("a\x00"))
    assert not {"\x1b", "\u202e", "\x9b", "\x00"} & set(page)
    assert r"a\x1b\u202eb" + "\nc" in page
