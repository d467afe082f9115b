"""The files of a search: the front as a table, a page with charts, and a spec for each network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.overwriting import check_outputs
from unetkit.page import (
    Cell,
    ChartAxis,
    ChartLine,
    Column,
    Markup,
    Point,
    chart,
    document,
    element,
    scale,
    section,
    table,
)
from unetkit.quoting import table_text
from unetkit.study.search.candidates import GLOBAL, QUANTITIES
from unetkit.study.search.searching import FoundFront, FoundNetwork
from unetkit.wording import listed, magnitude, megabytes, plural
from unetkit.writing import placed

_WRITTEN = ("front.html", "front.csv", "search.json", "specs")
"""The files of a search, and the folder of its specs."""
TITLES = {
    "parameters": "parameters",
    "macs": "multiply-adds",
    "memory": "memory of training",
    "receptive_field": "receptive field",
}


def check_folder(folder: Path, files: Iterable[Path], *, overwrite: bool = False) -> None:
    """Raises FileError where the folder holds the files of another search, unless they may be replaced, or others."""
    check_outputs([folder / name for name in _WRITTEN], inputs=files, overwrite=overwrite)
    others = sorted(path.name for path in folder.iterdir() if path.name not in _WRITTEN) if folder.is_dir() else []
    if others or folder.is_file():
        message = f"{folder} holds {listed(others)} beside the front of a search" if others else f"{folder} is a file"
        raise FileError(Fault("file-exists", message, cure="Choose another folder with -o."))


def write_front(found: FoundFront, folder: Path) -> None:
    """Writes the files of a search into a new folder, which appears complete or not at all."""
    with placed(folder) as growing:
        (growing / "specs").mkdir(parents=True)
        for number, network in enumerate(found.networks, 1):
            (growing / "specs" / f"{number:02}.yaml").write_text(network.spec, "utf-8")
        (growing / "front.csv").write_text(front_csv(found), "utf-8")
        (growing / "front.html").write_text(front_page(found), "utf-8")
        (growing / "search.json").write_text(_record(found), "utf-8")


def is_written(found: FoundFront, folder: Path) -> bool:
    """Whether a folder has the files of this very search, so that its training can go on."""
    file = folder / "search.json"
    return file.is_file() and file.read_text("utf-8") == _record(found)


def _record(found: FoundFront) -> str:
    return json.dumps(found.json(), ensure_ascii=False, indent=1, default=list) + "\n"


def front_csv(found: FoundFront) -> str:
    """CSV with one row for each network; the receptive field is empty where it is the whole image."""
    axes = [axis.name for axis in found.space.axes]
    rows: list[tuple[object, ...]] = [("spec", *QUANTITIES, *axes)]
    for number, network in enumerate(found.networks, 1):
        values = [None if network.quantities[name] == GLOBAL else network.quantities[name] for name in QUANTITIES]
        chosen = dict(network.arm.choices)
        rows.append((f"specs/{number:02}.yaml", *values, *(chosen.get(axis) for axis in axes)))
    return table_text(rows)


def quantity_text(name: str, value: int) -> str:
    """A quantity as text.

    >>> quantity_text("macs", 1_302_331_392), quantity_text("receptive_field", GLOBAL)
    ('1.30 G', 'all')
    """
    if name == "memory":
        return megabytes(value)
    if name == "receptive_field":
        return "all" if value == GLOBAL else str(value)
    return magnitude(value)


def front_page(found: FoundFront) -> str:
    """The front as a page: what was searched, charts, and a table."""
    charts = [_chart(found, name) for name in ("parameters", "receptive_field", "memory")]
    return document(
        f"{found.space.name}: search",
        element("h1", found.space.name),
        element("div", *(element("p", line) for line in summary(found)), class_="summary"),
        section("Front", element("div", *charts, class_="charts"), anchor="front"),
        section("Networks", _table(found), anchor="networks"),
    )


def summary(found: FoundFront) -> list[str]:
    """What was planned and what is within the limits, as sentences."""
    counts = found.candidates
    drawn = counts.planned < found.space.size
    first = f"{found.space.size:,} combinations" + (f", of which {counts.planned:,} were drawn at random" * drawn)
    lost = [f"{counts.excluded:,} excluded by conditions"] * bool(counts.excluded)
    lost += [f"{counts.unbuilt:,} cannot be built"] * bool(counts.unbuilt)
    lost += [f"{number:,} outside the limit of {TITLES[name]}" for name, number in counts.outside.items()]
    first += f": {', '.join([*lost, f'{len(counts.indices):,} within all limits'])}."
    memory = " and less memory" * ("memory" in counts.quantities)
    second = (
        f"{found.front:,} of these {'is' if found.front == 1 else 'are'} on the front: no other has at least as many "
        f"parameters and as wide a receptive field for fewer multiply-adds{memory}."
    )
    kept = len(found.networks)
    third = f"{plural(kept, 'network')} of the front {'is' if kept == 1 else 'are'} kept, as different as possible."
    return [first, second, third]


def _chart(found: FoundFront, name: str) -> Markup:
    """A chart of one quantity against multiply-adds."""
    shown = [
        (number, network) for number, network in enumerate(found.networks, 1) if network.quantities[name] != GLOBAL
    ]
    if not shown:
        return Markup("")
    x = ChartAxis(scale([one.quantities["macs"] for _, one in shown], logarithmic=True, room=0.12), TITLES["macs"])
    y = ChartAxis(scale([one.quantities[name] for _, one in shown], ticks=4, room=0.14), TITLES[name])
    points: list[ChartLine | Point] = [
        Point(one.quantities["macs"], one.quantities[name], str(number), _title(one)) for number, one in shown
    ]
    drawn = chart(x, y, points, title=f"{TITLES[name]} against multiply-adds", height=210)
    return element("figure", drawn)


def _title(network: FoundNetwork) -> str:
    costs = ", ".join(f"{TITLES[name]} {quantity_text(name, network.quantities[name])}" for name in QUANTITIES)
    return f"{network.arm.name}: {costs}"


def _table(found: FoundFront) -> Markup:
    """The table of the networks; the numbers are those in the charts."""
    columns = [Column("spec"), *(Column(TITLES[name], True) for name in QUANTITIES)]
    columns += [Column(axis.name) for axis in found.space.axes]
    rows = []
    for number, network in enumerate(found.networks, 1):
        chosen = dict(network.arm.choices)
        values = [Cell(quantity_text(name, network.quantities[name]), network.quantities[name]) for name in QUANTITIES]
        row = [Cell(f"{number:02}", number), *values, *(Cell(chosen.get(axis.name, "–")) for axis in found.space.axes)]
        rows.append(row)
    return table(columns, rows, caption="Select a heading to sort.")
