"""Model files on the Hugging Face Hub: `hf://owner/name`, optionally with a revision and a file name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.errors import Fault, FileError

PREFIX = "hf:"
FILE = "model.safetensors"
"""The default name of a model file."""
_ADDRESS = re.compile(r"hf:/{1,2}([\w.-]+/[\w.-]+)(?:@([\w./-]+?))?(?:/([\w./ -]+\.safetensors))?", re.ASCII)


class Address(NamedTuple):
    """A file on the Hub: the repository, the revision (None: the newest), the file."""

    repo: str
    revision: str | None
    file: str


def parse_address(text: str) -> Address:
    """Parses an address; raises FileError if it is invalid.

    >>> parse_address("hf://anna/cells"), parse_address("hf://anna/cells@v1/small.safetensors")
    (Address(repo='anna/cells', revision=None, file='model.safetensors'),
     Address(repo='anna/cells', revision='v1', file='small.safetensors'))
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        cure = "Write hf://owner/name, hf://owner/name@revision or hf://owner/name/file.safetensors."
        raise FileError(Fault("hub-address", f"{text!r} is no address of a model file", cure=cure))
    return Address(found[1], found[2], found[3] or FILE)


def local(file: str | os.PathLike[str]) -> Path:
    """The local path of a file; a file on the Hub is downloaded unless it is cached.

    `Path("hf://…")` has one slash after `hf:`, and is accepted too.
    """
    text = os.fspath(file)
    if not text.startswith(PREFIX) or Path(text).exists():
        return Path(text)
    address = parse_address(text)
    with hub(text) as api:
        return Path(api.hf_hub_download(address.repo, address.file, revision=address.revision))


@contextmanager
def hub(what: str) -> Iterator[Any]:
    """A client of the Hub whose errors become a FileError about `what`."""
    try:
        from huggingface_hub import HfApi, errors
    except ImportError as error:
        message = f"{what} needs the package huggingface_hub"
        raise FileError(Fault("package-missing", message, cure="pip install 'unetkit[hub]'")) from error
    failures = (errors.HTTPError, errors.HFValidationError, OSError, ValueError)  # type: ignore[attr-defined]
    try:
        yield HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="unetkit")
    except failures as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        cure = "Is the name right, the network up, and are you logged in (hf auth login)?"
        raise FileError(Fault("hub", f"{what}: {reason}", cure=cure)) from error
