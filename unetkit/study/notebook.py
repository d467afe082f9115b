"""Studies as notebooks show them: their arms, what each changes, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unetkit.page import Column, element, notebook_cell, plain_table
from unetkit.wording import magnitude, plural, size_text, value_text

if TYPE_CHECKING:
    from unetkit.study.matrix.arm import Arm
    from unetkit.study.study import Study

_MOST = 50
"""Largest number of arms that are listed."""

_COLUMNS = (
    Column("arm"),
    Column("differs in"),
    Column("parameters", True),
    Column("MACs", True, "multiply-adds for one training patch"),
    Column("receptive field", True, "in samples"),
)


def study_html(study: Study) -> str:
    """A study: its design and its arms."""
    keys, hidden = study.keys, len(study.arms) - _MOST
    facts = [
        ("design", keys.design),
        ("arms", f"{len(study.planned):,}" + (f", and {len(study.skipped):,} skipped" if study.skipped else "")),
        ("seeds", value_text(study.seeds)),
        ("runs", f"{len(study.runs):,}"),
        ("matched", "" if keys.match == "none" else keys.match),
        ("excluded", plural(study.excluded, "combination") if study.excluded else ""),
    ]
    further = [element("div", f"… and {plural(hidden, 'further arm')}.")] if hidden > 0 else []
    return notebook_cell(f"Study {study.name}", facts, arms_table(study.arms[:_MOST]), *further)


def arm_html(arm: Arm) -> str:
    """An arm: what it changes, and what it costs."""
    return notebook_cell(f"Arm {arm.name}", [("also named", ", ".join(arm.also))], arms_table([arm]))


def arms_table(arms: Sequence[Arm]) -> str:
    """The arms as a table; one that cannot be built has the reason in place of its changes."""
    return plain_table(_COLUMNS, map(_row, arms))


def _row(arm: Arm) -> list[str]:
    facts = arm.facts
    if facts is None:
        return [arm.name, f"skipped: {arm.skipped}", "–", "–", "–"]
    changes = ", ".join(f"{one.path}: {value_text(one.new)}" for one in arm.differences)
    field = size_text(width or "whole" for width in facts.receptive_field)
    return [arm.name, changes or "–", f"{facts.parameters:,}", magnitude(facts.macs), field]
