"""Two networks in one drawing: nothing meets anything, and what differs is brought out."""

from __future__ import annotations

from itertools import pairwise

import pytest

import unetkit
from tests.draw.legibility import arrows, check_legible, check_lines
from tests.draw.test_draw import written
from unetkit.comparison import Comparison, compare
from unetkit.comparison.output import comparison_svg
from unetkit.comparison.rows import setting_rows
from unetkit.draw.drawing import draw_plan
from unetkit.draw.pair import MOST_ROWS, DrawnPlan, draw_pair
from unetkit.draw.shapes import Area, Drawing
from unetkit.language import shipped


def compared(first: str, second: str) -> Comparison:
    return compare(unetkit.plan(unetkit.load(first)), unetkit.plan(unetkit.load(second)))


def drawn(first: str, second: str) -> Drawing:
    """Returns both specs in one drawing."""
    found = compared(first, second)
    one, other = (DrawnPlan(*each) for each in zip(found.sized, found.names, found.changed, strict=True))
    return draw_pair(one, other, [(row.name, row.old, row.new) for row in setting_rows(found)])


@pytest.mark.parametrize(("first", "second"), [*pairwise(shipped())][::5])
def test_no_label_meets_anything_in_a_drawing_of_two_shipped_specs(first: str, second: str) -> None:
    drawing = drawn(first, second)
    check_legible(drawing)
    check_lines(drawing)


def test_what_differs_is_highlighted_in_both_and_nothing_else() -> None:
    drawing = drawn("unet-crop", "unet-pad")
    marked = [arrow.kind for arrow in arrows(drawing) if arrow.marked]
    skips = len(unetkit.load("unet-crop").channels) - 1
    assert marked == ["skip"] * (2 * skips)
    boxes = [shape for shape in drawing.shapes if isinstance(shape, Area) and "marked" in shape.kind]
    assert len(boxes) == 2  # one in each legend


def test_the_settings_that_differ_stand_below_and_too_many_are_counted() -> None:
    found = compared("unet-crop", "unet-pad")
    labels = written(comparison_svg(found))
    aligned, padded = ["decoder.*.skip.align", "crop", "pad"], ["decoder.*.skip.padding_mode", "-", "zeros"]
    assert labels[-6:] == [*aligned, *padded]
    plan = DrawnPlan(found.sized[0], "one")
    rows = [(f"setting {number}", "a", "b") for number in range(MOST_ROWS + 5)]
    texts = [getattr(shape, "text", "") for shape in draw_pair(plan, plan, rows).shapes]
    assert texts[-1] == "and 5 more settings" and f"setting {MOST_ROWS}" not in texts


def test_blocks_that_lead_down_themselves_form_a_staircase() -> None:
    plan = unetkit.plan(unetkit.load("unet-nnunet-resenc"))
    drawing = draw_plan(plan.at((64,) * 3), "")
    bent = [arrow for arrow in arrows(drawing, "block") if arrow.via]
    assert len(bent) == len(plan.spec.channels) - 1
    assert all(arrow.start[0] == arrow.via[0][0] and arrow.via[0][1] == arrow.end[1] for arrow in bent)
    check_legible(drawing)
    check_lines(drawing)
