"""unetkit card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from unetkit.cli.arguments import Overwrite, SizeText, parse_size
from unetkit.cli.output import say

_Model = Annotated[Path, typer.Argument(help="A model file of `unetkit train`.", show_default=False)]
_Folder = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="DIR", help="The folder for card.html, README.md and card-files/.", show_default=False
    ),
]
Run = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The folder of the run, for curves and scores. [default: those in the model file]",
        show_default=False,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="DATA", help="Images with labels, on which the model is evaluated.", show_default=False),
]
_AboutFile = Annotated[
    Path | None,
    typer.Option(
        "--about", metavar="FILE", help="A YAML file with licence, intended use, limitations, ...", show_default=False
    ),
]

_Embed = Annotated[
    bool,
    typer.Option(
        "--embed",
        help="Let the reader of card.html run the network on images, in the browser: adds 5 MB, and the weights.",
    ),
]


def card(  # noqa: PLR0913 - one parameter per option
    model: _Model,
    output: _Folder,
    run: Run = None,
    data: Data = None,
    split: Annotated[Literal["test", "validation", "train"], typer.Option(help="The part of --data.")] = "test",
    samples: Annotated[int, typer.Option(min=0, max=20, help="Number of images of --data to show.")] = 3,
    about: _AboutFile = None,
    embed: _Embed = False,
    size: SizeText = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the model card of a trained network, as a self-contained HTML page and as Markdown.

    Information that is not in the model file, such as its licence and limitations, is read from --about. The card
    marks what is missing.
    """
    from unetkit.overwriting import check_outputs
    from unetkit.trained.card import About, card_paths, load_about
    from unetkit.trained.card.about import HTML
    from unetkit.wording import megabytes

    fields = load_about(about) if about else About()  # faults in it are reported before torch is imported
    check_outputs(card_paths(output), inputs=[model, *([about] if about else [])], overwrite=overwrite)

    from unetkit.model.file import read_plan
    from unetkit.trained.card import CardOptions, make_card, write_card

    image_size = None if size is None else parse_size(size, read_plan(model).dims)
    options = CardOptions(fields, run, data, split, samples, embed, image_size)
    for path in write_card(make_card(model, options), output):
        say(f"{path} ({megabytes(path.stat().st_size)}, with the network)" if embed and path.name == HTML else path)
    if fields.missing:
        say(f"missing: {', '.join(fields.missing)}; provide them in a YAML file with --about")
