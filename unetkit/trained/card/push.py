"""Upload of a model file and its card to the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.model.hub import FILE, hub, parse_address
from unetkit.trained.card.about import HTML, MARKDOWN


def push_model(
    model: Path, repo: str, *, card: Path | None = None, private: bool = False, overwrite: bool = False
) -> str:
    """Uploads a model file with its card to `owner/name`, in one commit, and returns the address.

    The card is that of the folder `card`, by default a new one from the content of the model file. A repository that
    does not exist is created. The model is named model.safetensors there, so `hf://owner/name` finds it. Raises
    FileError where the repository has a model or a card already, unless `overwrite`, and where the Hub refuses.
    """
    if not overwrite:
        _check_repository(repo)
    from unetkit.trained.card.card import make_card  # imports torch
    from unetkit.trained.card.files import card_files, read_card_files

    files = card_files(make_card(model)) if card is None else read_card_files(card, model)
    return upload(model, repo, files, private=private)


def upload(model: Path, repo: str, files: dict[str, bytes], *, private: bool = False) -> str:
    """Uploads a model file and further files in one commit."""
    address = f"hf://{repo}"
    parse_address(address)
    with hub(address) as api:
        from huggingface_hub import CommitOperationAdd

        operations = [CommitOperationAdd(FILE, model), *(CommitOperationAdd(name, files[name]) for name in files)]
        api.create_repo(repo, private=private, exist_ok=True)
        api.create_commit(repo, operations, commit_message=f"{model.name}, with its card")
    return address


def _check_repository(repo: str) -> None:
    """Raises FileError where a repository of the Hub has a model or a card already."""
    address = f"hf://{repo}"
    parse_address(address)
    with hub(address) as api:
        existing = [name for name in (FILE, MARKDOWN, HTML) if api.file_exists(repo, name)]
    if existing:
        cure = "Choose another repository, or give --overwrite; the Hub keeps the old files in its history."
        raise FileError(*(Fault("file-exists", f"{address} has {name} already", cure=cure) for name in existing))
