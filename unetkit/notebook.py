"""Specs and plans as notebooks show them: the drawing, the facts, the levels."""

from __future__ import annotations

from typing import Any

from unetkit.draw import svg
from unetkit.errors import UnetkitError
from unetkit.language import Spec
from unetkit.page import Column, Markup, element, notebook_cell, plain_table
from unetkit.planning import Plan, SizedPlan, describe, natural_size, plan
from unetkit.planning.words import facts_in_words
from unetkit.wording import magnitude, megabytes, size_text, value_text

_COLUMNS = (
    Column("level", True),
    Column("channels", True),
    Column("encoder", True),
    Column("decoder", True),
    Column("parameters", True),
    Column("MACs", True, "multiply-adds for one image"),
)


def spec_html(spec: Spec) -> str:
    """A spec: what its plan shows, and its canonical form. Where it has no plan, the faults."""
    lines = "\n".join(f"{key}: {value_text(value)}" for key, value in spec.resolve().items())
    canonical = element("details", element("summary", "canonical form"), element("pre", lines, tabindex="0"))
    try:
        return _html(_natural(plan(spec)), canonical)
    except UnetkitError as error:
        return _faults(spec, error, canonical)


def spec_svg(spec: Spec) -> str | None:
    """The drawing of a spec; None where it has no plan."""
    try:
        return plan_svg(plan(spec))
    except UnetkitError:
        return None


def plan_html(planned: Plan) -> str:
    """A plan, at its natural size. Where no size fits, the faults."""
    try:
        return _html(_natural(planned))
    except UnetkitError as error:
        return _faults(planned.spec, error)


def plan_svg(planned: Plan) -> str | None:
    """The drawing of a plan, at its natural size; None where no size fits."""
    try:
        return svg(_natural(planned))
    except UnetkitError:
        return None


def sized_html(sized: SizedPlan) -> str:
    """A plan at a size: drawing, facts, levels."""
    return _html(sized)


def sized_svg(sized: SizedPlan) -> str:
    """The drawing of a plan at a size."""
    return svg(sized)


def _natural(planned: Plan) -> SizedPlan:
    return planned.at(natural_size(planned))


def _faults(spec: Spec, error: UnetkitError, *further: str) -> str:
    return notebook_cell(str(spec), (), element("pre", str(error), tabindex="0"), *further)


def _html(sized: SizedPlan, *further: str) -> str:
    planned, values = sized.plan, describe(sized.plan, sized.input_size)
    facts = facts_in_words(sized) | {"memory for inference": megabytes(values["memory"]["inference"])}
    levels = element(
        "details", element("summary", "levels"), plain_table(_COLUMNS, map(_level, values["levels"])), open=True
    )
    # The text of the drawing is escaped where it is made.
    drawing = element("div", Markup(svg(sized)), class_="frame", tabindex="0")
    shifts = planned.shift_warning(sized.input_size)
    warning = [element("div", shifts[:1].upper() + shifts[1:] + ".")] if shifts else []
    return notebook_cell(str(planned.spec), facts.items(), *warning, drawing, levels, *further)


def _level(level: dict[str, Any]) -> list[str]:
    sides = [level["encoder"], level["decoder"]]
    channels = " / ".join(dict.fromkeys(f"{side['channels']:,}" for side in sides if side))
    changes = [_change(side) if side else "–" for side in sides]
    return [str(level["level"]), channels, *changes, f"{level['parameters']:,}", magnitude(level["macs"])]


def _change(block: dict[str, Any]) -> str:
    return f"{size_text(block['input_size'])} → {size_text(block['output_size'])}"
