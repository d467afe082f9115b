"""unetkit search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import AsJson, Overrides, Overwrite
from unetkit.cli.output import say

if TYPE_CHECKING:
    from unetkit.study.search import FoundFront

_Space = Annotated[
    str, typer.Argument(metavar="SPACE", help="A study file whose axes span the search.", show_default=False)
]
_Parameters = Annotated[str | None, typer.Option(metavar="LIMIT", help='Such as "<2M".', show_default=False)]
_Macs = Annotated[
    str | None,
    typer.Option(
        metavar="LIMIT", help='Such as "<5G at 512". [default size: that of a training patch]', show_default=False
    ),
]
_Memory = Annotated[
    str | None, typer.Option(metavar="LIMIT", help='Of training, such as "<500MB".', show_default=False)
]
_ReceptiveField = Annotated[str | None, typer.Option(metavar="LIMIT", help='Such as ">150".', show_default=False)]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="The folder of the results. [default: searches/NAME]", show_default=False
    ),
]
_Candidates = Annotated[
    int, typer.Option(min=1, metavar="N", help="Most combinations to plan; of more, as many drawn at random.")
]
_Keep = Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Most networks to keep of the front.")]


def search(  # noqa: PLR0913 - one parameter per option
    space: _Space,
    parameters: _Parameters = None,
    macs: _Macs = None,
    memory: _Memory = None,
    receptive_field: _ReceptiveField = None,
    candidates: _Candidates = 100_000,
    keep: _Keep = 16,
    seed: Annotated[int, typer.Option(min=0, help="Of the random draw.")] = 0,
    output: _Output = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Search the combinations of all axes for networks within limits, and keep a diverse set of the best.

    A limit is a sign and a number; several are separated by commas, as in ">50, <200".
    """
    from unetkit.cli.output import print_json
    from unetkit.study.search import SearchOptions, check_folder, limits_of, load_space, search_front, write_front

    written = {"parameters": parameters, "macs": macs, "memory": memory, "receptive_field": receptive_field}
    limits = limits_of(written)
    loaded = load_space(space, tuple(overrides or ()))
    folder = output or Path("searches") / loaded.name
    check_folder(folder, loaded.files, overwrite=overwrite)
    found = search_front(loaded, limits, SearchOptions(candidates, keep, seed))
    write_front(found, folder)
    if as_json:
        print_json({**found.json(), "folder": str(folder)})
    else:
        _print(found)
        say(folder / "front.html")


def _print(found: FoundFront) -> None:
    from unetkit.cli.output import lines, print_rich, table
    from unetkit.study.search.candidates import QUANTITIES
    from unetkit.study.search.files import TITLES, quantity_text, summary

    numbers = [TITLES[name] for name in QUANTITIES]
    rows = table("spec", *numbers, "values", right=numbers, wrap=["values"])
    for number, network in enumerate(found.networks, 1):
        texts = [quantity_text(name, network.quantities[name]) for name in QUANTITIES]
        rows.add_row(f"{number:02}", *texts, lines(*(f"{axis}: {label}" for axis, label in network.arm.choices)))
    print_rich(rows)
    say("", *summary(found))
