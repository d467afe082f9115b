"""unetkit push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import Overwrite, image_size
from unetkit.cli.output import say

Model = Annotated[Path, typer.Argument(help="A model file of `unetkit train`.", show_default=False)]
Repo = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository on the Hub.", show_default=False)]
CardFolder = Annotated[
    Path | None,
    typer.Option(
        "--card",
        metavar="DIR",
        help="A card of `unetkit card`. [default: what the file itself says]",
        show_default=False,
    ),
]


def push(
    model: Model,
    repo: Repo,
    card: CardFolder = None,
    private: Annotated[bool, typer.Option("--private", help="Show a new repository to nobody else.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Send a trained network with its card to the Hugging Face Hub. Commands take hf://OWNER/NAME as their model."""
    from unetkit.model.file import read_plan
    from unetkit.trained.card import make_card
    from unetkit.trained.card.push import check_repository, files_in, files_of
    from unetkit.trained.card.push import push as send

    if not overwrite:
        check_repository(repo)
    plan = read_plan(model)
    files = files_of(make_card(model, image_size(plan, None))) if card is None else files_in(card, model)
    say(send(model, repo, files, private=private))
