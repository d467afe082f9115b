"""unetkit search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import AsJson, OptionValue, Overrides, Overwrite, shown_at
from unetkit.cli.output import say
from unetkit.cli.stopping import resumable
from unetkit.cli.study.plan import Data, with_data
from unetkit.cli.study.run import Address, AtOnce, Engine

if TYPE_CHECKING:
    from unetkit.study import RunOptions
    from unetkit.study.search import FoundFront
    from unetkit.study.search.confirmation import ConfirmedSearch

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
_Objective = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The metric of the confirmation. [default: that of SPACE]", show_default=False),
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
    data: Data = None,
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Train nothing, although there are data.")] = False,
    objective: _Objective = None,
    finalists: Annotated[int, typer.Option(min=1, metavar="N", help="Networks to confirm with fresh seeds.")] = 3,
    engine: Engine = "local",
    address: Address = None,
    at_once: AtOnce = None,
    output: _Output = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Search the combinations of all axes for networks within limits, and keep a diverse set of the best.

    A limit is a sign and a number; several are separated by commas, as in ">50, <200". With data, the networks are
    trained by successive halving on the validation images, and the best are confirmed by a study with fresh seeds.
    """
    from unetkit.cli.output import print_json
    from unetkit.study import RunOptions
    from unetkit.study.search import (
        SearchOptions,
        check_folder,
        check_training,
        is_written,
        limits_of,
        load_space,
        search_front,
        write_front,
    )

    written = {"parameters": parameters, "macs": macs, "memory": memory, "receptive_field": receptive_field}
    limits = limits_of(written)
    changes = [*with_data(data, overrides), *([f"metric={objective}"] if objective else [])]
    with shown_at(OptionValue("--data", data, "data"), OptionValue("--objective", objective, "metric")):
        loaded = load_space(space, tuple(changes))
        trains = bool(loaded.base.part("data", ())) and not plan_only
        if trains:
            check_training(loaded)
    folder = output or Path("searches") / loaded.name
    resumes = trains and not overwrite and (folder / "search.json").is_file()
    if not resumes:
        check_folder(folder, loaded.files, overwrite=overwrite)
    found = search_front(loaded, limits, SearchOptions(candidates, keep, seed))
    if not (resumes and is_written(found, folder)):
        check_folder(folder, loaded.files, overwrite=overwrite)
        write_front(found, folder)
    if not as_json:
        _print(found)
        say(folder / "front.html")
    options = RunOptions(engine, address, at_once)
    confirmed = _confirmed(found, folder, finalists, options, quiet=as_json) if trains else None
    if as_json:
        print_json({**found.json(), **(confirmed.json() if confirmed else {}), "folder": str(folder)})
    elif confirmed is not None:
        say(
            "",
            *(f"validation: {one.number:02}, {one.score:.3f} after {one.steps:,} steps" for one in confirmed.finalists),
        )
        say("", *(confirmed.report.summary if confirmed.report else ()), confirmed.folder / "report" / "report.html")
    raise typer.Exit(1 if confirmed is not None and confirmed.failures else 0)


def _confirmed(found: FoundFront, folder: Path, finalists: int, options: RunOptions, *, quiet: bool) -> ConfirmedSearch:
    """Trains and confirms; what is done is kept when it is interrupted."""
    from unetkit.cli.study.progress import study_progress
    from unetkit.study import StudyListener
    from unetkit.study.search.confirmation import confirm

    listener = StudyListener() if quiet else study_progress()
    with resumable(lambda: "finished runs are kept, and this resumes the search"):
        return confirm(found, folder, finalists, options, listener)


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
