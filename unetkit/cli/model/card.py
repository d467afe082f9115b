"""unetkit card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from unetkit.cli.arguments import Overwrite, SizeText, image_size
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
    from unetkit.trained.card import About, load_about
    from unetkit.trained.card.names import outputs

    said = load_about(about) if about else About()  # faults in it are told before torch is imported

    check_outputs(outputs(output), inputs=[model, *([about] if about else [])], overwrite=overwrite)

    from unetkit.data import open_data
    from unetkit.data.preprocessing.data_for_network import data_like
    from unetkit.model.file import described, read_header
    from unetkit.model.hub import local
    from unetkit.trained.card import CardImages, make_card, write_card
    from unetkit.trained.card.history import read_history
    from unetkit.trained.modelfile import signature_in

    history = None if run is None else read_history(run)
    header = read_header(local(model))
    plan = described(header, model)
    images = None
    if data is not None:
        asked = data_like(data, signature_in(header, plan, model), plan.dims)
        images = CardImages(open_data(asked).part(split, data), split, samples)
    made = make_card(model, image_size(plan, size), about=said, history=history, images=images)
    for path in write_card(made, output):
        say(path)
    if said.open():
        say(f"not filled in: {', '.join(said.open())}; give them in a YAML file with --about")
