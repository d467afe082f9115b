"""unetkit explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import AsJson, Overrides, SpecName
from unetkit.wording import listed, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from unetkit.errors import Place
    from unetkit.language import Explanation

_MOST_ROWS = 40
"""A longer table leaves out what is a default."""
_MOST_PLACES = 8

_Path = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="A key such as skip.align, or a position such as decoder.0.block or decoder.0.block.norm.",
        show_default=False,
    ),
]


def explain(spec: SpecName, path: _Path, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Show where a setting comes from, what it replaces, and where in the network it applies."""
    from unetkit.cli.output import facts, print_json, print_rich
    from unetkit.language import explain as explanations
    from unetkit.language import load

    loaded = load(spec, overrides or ())
    found = explanations(loaded, path)
    if as_json:
        print_json({"name": loaded.name, "path": path, "settings": [one.json() for one in found]})
        return
    shown = found if len(found) <= _MOST_ROWS else [one for one in found if one.place] or found
    for number, group in enumerate(_groups(shown)):
        applies = ("applies to", _places_text(group[0].applies_to))
        if number:
            print_rich("")
        if len(group) == 1:
            print_rich(facts([*_rows(group[0]), applies]))
        else:
            print_rich(_table(group), "", facts([*_used_at(group), applies]))
    if len(shown) < len(found):
        print_rich("", f"{len(found) - len(shown)} settings with their defaults are left out; --json lists them.")


def _groups(found: list[Explanation]) -> list[list[Explanation]]:
    """The settings of one component, each once; by the positions that they apply to where some have several values."""
    if len({one.path for one in found}) == len(found):
        return [found]
    groups: dict[tuple[str, ...], list[Explanation]] = {}
    for one in found:
        groups.setdefault(one.applies_to, []).append(one)
    return list(groups.values())


def _rows(one: Explanation) -> Iterator[tuple[str, str]]:
    """A setting in lines: its value, the line that gives it, and what it replaces."""
    yield one.path, value_text(one.value)
    yield "given by", _source_text(one)
    if one.place and one.place.file != "--set":
        yield "", one.place.text.strip()
    for number, text in enumerate(_replaced(one)):
        yield "" if number else "in place of", text
    yield from _used_at([one])
    if one.unused:
        yield "without effect", one.unused


def _table(group: list[Explanation]) -> Table:
    """Several settings that apply to the same positions."""
    from unetkit.cli.output import lines, table

    rows = table("setting", "value", "given by", "in place of")
    for one in group:
        rows.add_row(one.path, value_text(one.value), _source_text(one), lines(*_replaced(one)))
    return rows


def _used_at(group: list[Explanation]) -> Iterator[tuple[str, str]]:
    """The places of the names that bring settings in, as a line; none where the settings are written in place."""
    if places := dict.fromkeys(place for one in group for place in one.used_at):
        yield "used at", listed([_place_text(place) for place in places], _MOST_PLACES)


def _replaced(one: Explanation) -> Iterator[str]:
    """What a setting replaces, the default last."""
    for old in one.replaced:
        yield f"{value_text(old.value)}, {_place_text(old.place)}"
    if one.place and one.default and one.default.value != one.value:
        yield f"{value_text(one.default.value)}, {_default_text(one)}"


def _source_text(one: Explanation) -> str:
    """What gives a setting its value."""
    return _place_text(one.place) if one.place else _default_text(one)


def _default_text(one: Explanation) -> str:
    owner = one.default.owner if one.default else ""
    return f"the default of {owner}" if owner else "the default"


def _place_text(place: Place) -> str:
    """A place, with a file below the current folder relative to it."""
    if place.file == "--set":
        return f"--set {place.text}"
    file, here = Path(place.file), Path.cwd()
    return str(place._replace(file=str(file.relative_to(here)) if file.is_relative_to(here) else place.file))


def _places_text(places: tuple[str, ...]) -> str:
    known = {(): "nothing in the network", ("*",): "the whole network"}
    return known.get(places) or listed(places, _MOST_PLACES)
