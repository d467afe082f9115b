"""unetkit push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import Overwrite
from unetkit.cli.output import say

_Model = Annotated[Path, typer.Argument(help="A model file of `unetkit train`.", show_default=False)]
_Repo = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository on the Hub.", show_default=False)]
_CardFolder = Annotated[
    Path | None,
    typer.Option(
        "--card",
        metavar="DIR",
        help="The folder of a card of `unetkit card`. [default: a card from the model file]",
        show_default=False,
    ),
]


def push(
    model: _Model,
    repo: _Repo,
    card: _CardFolder = None,
    private: Annotated[bool, typer.Option("--private", help="Create a private repository.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Upload a model with its card to the Hugging Face Hub. Commands then accept hf://OWNER/NAME as a model."""
    from unetkit.trained import push_model

    say(push_model(model, repo, card=card, private=private, overwrite=overwrite))
