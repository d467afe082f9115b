"""A comparison as rows of text, which the command, the drawing and the page show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from unetkit.comparison.comparison import Comparison, LevelCosts
from unetkit.comparison.merging import merged
from unetkit.wording import magnitude, megabytes, size_text, value_text

NONE = "-"


class ComparisonRow(NamedTuple):
    """What is compared, the text of both values, and the change where the values are numbers."""

    name: str
    old: str
    new: str
    change: str = ""

    @property
    def differs(self) -> bool:
        """Whether the two texts differ."""
        return self.old != self.new


def setting_rows(found: Comparison) -> list[ComparisonRow]:
    """The settings that differ, equal differences merged; a dash for a setting that a network does not have."""
    return [ComparisonRow(one.path, _value(one.old), _value(one.new)) for one in merged(found.settings)]


def cost_rows(found: Comparison) -> list[ComparisonRow]:
    """The costs of both networks."""
    old, new = found.old_costs, found.new_costs

    def counted(name: str, values: tuple[int, int], text: Callable[[int], str]) -> ComparisonRow:
        return ComparisonRow(name, text(values[0]), text(values[1]), change(*values))

    return [
        ComparisonRow("input size", size_text(old.input_size), size_text(new.input_size)),
        ComparisonRow("output size", size_text(old.output_size), size_text(new.output_size)),
        ComparisonRow("receptive field", field_text(old.receptive_field), field_text(new.receptive_field)),
        counted("parameters", (old.parameters, new.parameters), lambda value: f"{value:,}"),
        counted("MACs", (old.macs, new.macs), magnitude),
        counted("memory for inference", (old.memory.inference, new.memory.inference), megabytes),
        counted("memory for training", (old.memory.training, new.memory.training), megabytes),
    ]


LEVEL_COLUMNS = ("channels", "parameters", "MACs", "kept for training")
"""What is compared of each level."""


def level_rows(found: Comparison) -> Iterator[tuple[int, list[ComparisonRow]]]:
    """Yields each level with a row per column; a network without the level has dashes."""
    for pair in zip_longest(found.old_costs.levels, found.new_costs.levels):
        texts = [_level_texts(level) for level in pair]
        number = next(level.level for level in pair if level)
        numbers = [(0, 0, 0) if level is None else (level.parameters, level.macs, level.kept) for level in pair]
        changes = ("", *(change(*values) for values in zip(*numbers, strict=True)))
        yield number, [ComparisonRow(*row) for row in zip(LEVEL_COLUMNS, *texts, changes, strict=True)]


def change(old: int, new: int) -> str:
    """A change in percent, or from its double on as a factor; empty where there is none.

    >>> change(100, 103), change(100, 250), change(1000, 100), change(7, 7), change(31_030_658, 31_037_698)
    ('+3.0 %', '× 2.5', '÷ 10', '', '+0.02 %')
    """
    if old == new or not old or not new:
        return ""
    if max(old, new) >= 2 * min(old, new):
        return f"× {new / old:.3g}" if new > old else f"÷ {old / new:.3g}"
    percent = 100 * (new - old) / old
    return f"{percent:+.{1 if abs(percent) >= 0.1 else 2}f} %".replace("-", "−")


def field_text(field: Sequence[int | None]) -> str:
    """A receptive field; None stands for the whole image.

    >>> field_text((188, 188)), field_text((None, None)), field_text((9, None))
    ('188×188', 'whole image', '9×whole')
    """
    return "whole image" if set(field) == {None} else size_text("whole" if n is None else n for n in field)


def _level_texts(level: LevelCosts | None) -> tuple[str, str, str, str]:
    if level is None:
        return NONE, NONE, NONE, NONE
    channels = " / ".join(map(str, level.channels))
    return channels, f"{level.parameters:,}", magnitude(level.macs), megabytes(level.kept)


def _value(value: Any) -> str:
    return NONE if value is None else value_text(value)
