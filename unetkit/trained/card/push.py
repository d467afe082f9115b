"""A model file with its card, to the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.model.hub import FILE, hub, parse_address
from unetkit.trained.card.card import Card, facts_of
from unetkit.trained.card.html import to_html
from unetkit.trained.card.markdown import Markdown
from unetkit.trained.card.names import FOLDER, HTML, MARKDOWN


def push(model: Path, repo: str, files: dict[str, bytes], *, private: bool = False) -> str:
    """Sends a model file and the files of its card to `owner/name`, in one commit, and returns the address.

    The repository is made where there is none. The model is called model.safetensors there, as `hf://owner/name` finds
    it. Raises FileError where the Hub refuses.
    """
    address = f"hf://{repo}"
    parse_address(address)
    with hub(address) as api:
        from huggingface_hub import CommitOperationAdd

        operations = [CommitOperationAdd(FILE, model), *(CommitOperationAdd(name, files[name]) for name in files)]
        api.create_repo(repo, private=private, exist_ok=True)
        api.create_commit(repo, operations, commit_message=f"{model.name}, with its card")
    return address


def check_repository(repo: str) -> None:
    """Raises FileError with the files of a model and its card that a repository of the Hub has already."""
    address = f"hf://{repo}"
    parse_address(address)
    with hub(address) as api:
        there = [name for name in (FILE, MARKDOWN, HTML) if api.file_exists(repo, name)]
    cure = "Choose another repository, or give --overwrite to replace it; the Hub keeps what was there as a commit."
    if there:
        raise FileError(*(Fault("file-exists", f"{address} has {name} already", cure=cure) for name in there))


def files_of(card: Card) -> dict[str, bytes]:
    """Returns the files of a card, by their names."""
    markdown = Markdown(card)
    return {MARKDOWN: markdown.text.encode(), HTML: to_html(card).encode(), **markdown.files}


def files_in(folder: Path, model: Path) -> dict[str, bytes]:
    """Returns the files of a card in a folder, perhaps edited since; raises FileError where it is of another model."""
    try:
        text = (folder / MARKDOWN).read_bytes()
        found = {name: path.read_bytes() for name in (HTML,) if (path := folder / name).exists()}
        found |= {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted((folder / FOLDER).glob("*.*"))}
    except OSError as error:
        message = f"{error.filename} cannot be read: {error.strerror}"
        raise FileError(Fault("card-unreadable", message, cure="Write a card with `unetkit card`.")) from error
    if facts_of(model).sha256.encode() not in text:
        message = f"{folder / MARKDOWN} is the card of another file than {model}: its SHA-256 is not there"
        raise FileError(Fault("card-other", message, cure="Write the card anew with `unetkit card`."))
    return {MARKDOWN: text, **found}
