"""unetkit card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from unetkit.cli.arguments import Overwrite, SizeText, parse_size
from unetkit.cli.output import say

Model = Annotated[Path, typer.Argument(help="A model file of `unetkit train`.", show_default=False)]
Folder = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="DIR", help="Where card.html, README.md and card-files/ go.", show_default=False
    ),
]
Run = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The folder of the run, for curves and scores. [default: the model file]",
        show_default=False,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="DATA", help="Images with labels: measure the model on them, show some.", show_default=False),
]
AboutFile = Annotated[
    Path | None,
    typer.Option("--about", metavar="FILE", help="A YAML file: licence, intended use, limits, ...", show_default=False),
]


def card(  # noqa: PLR0913 - one parameter per option
    model: Model,
    output: Folder,
    run: Run = None,
    data: Data = None,
    split: Annotated[Literal["test", "validation", "train"], typer.Option(help="Which images of --data.")] = "test",
    samples: Annotated[int, typer.Option(min=0, max=20, help="How many images of --data are shown.")] = 3,
    about: AboutFile = None,
    size: SizeText = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the model card of a trained network, as a page that stands alone and as Markdown.

    What only people know, such as its licence and its limits, is read from --about; the card says what is missing.
    """
    from unetkit.overwriting import check_outputs
    from unetkit.trained.card import About, card_paths, load_about

    fields = load_about(about) if about else About()  # faults in it are reported before torch is imported
    check_outputs(card_paths(output), inputs=[model, *([about] if about else [])], overwrite=overwrite)

    from unetkit.model.file import read_plan
    from unetkit.trained.card import CardOptions, make_card, write_card

    image_size = None if size is None else parse_size(size, read_plan(model).dims)
    options = CardOptions(fields, run, data, split, samples, image_size)
    for path in write_card(make_card(model, options), output):
        say(path)
    if fields.missing:
        say(f"not filled in: {', '.join(fields.missing)}; give them in a YAML file with --about")
