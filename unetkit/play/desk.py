"""The one file that the page may read and write."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.document.text import MAX_BYTES
from unetkit.errors import Fault, FileError, SpecError
from unetkit.language import find_spec, shipped
from unetkit.play.reading import example
from unetkit.writing import write_whole


class Desk(NamedTuple):
    """What the page was opened with: a file, or a shipped spec, which is not written."""

    file: Path | None = None
    example: str = "unet-2015"

    def open(self) -> dict[str, Any]:
        """The text of the file or of the example. Raises UnetkitError."""
        if self.file is None:
            return {"example": self.example, "text": example(self.example)}
        content = self.content()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"{self.file} is not a text in UTF-8: byte {error.start:,}"
            raise SpecError(Fault("yaml-encoding", message, cure="Save the file as UTF-8 text.")) from error
        return {"file": self.file.name, "text": text, "digest": _digest(content)}

    def save(self, text: str, digest: str | None) -> dict[str, Any]:
        """Writes the text to the file, whole or not at all; `digest` is that of the content which it replaces.

        Raises FileError if the file was changed since, unless `digest` is None, or if it cannot be written.
        """
        if self.file is None:
            return {"refused": "the page was opened without a file"}
        content = text.encode("utf-8", "surrogatepass")
        if len(content) > MAX_BYTES:
            message = f"the text has {len(content):,} bytes"
            raise FileError(Fault("yaml-too-large", message, cure=f"A spec has at most {MAX_BYTES:,} bytes."))
        if digest is not None and digest != _digest(self.content()):
            cure = "Save it all the same, or open it again."
            raise FileError(Fault("file-changed", f"{self.file.name} was changed by another program", cure=cure))
        write_whole(self.file, content)
        return {"file": self.file.name, "digest": _digest(content)}

    def content(self) -> bytes:
        """The bytes of the file; none where it does not exist yet. Raises FileError if it cannot be read."""
        assert self.file is not None, "it is asked for with a file only"
        try:
            with self.file.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            message = f"{self.file} cannot be read: {error.strerror or error}"
            raise FileError(Fault("file-unreadable", message)) from error
        if len(content) > MAX_BYTES:
            message = f"{self.file} has more than {MAX_BYTES:,} bytes"
            raise FileError(Fault("yaml-too-large", message, cure=f"A spec has at most {MAX_BYTES:,} bytes."))
        return content


def desk_of(reference: str | None) -> Desk:
    """The desk of a path or of the name of a shipped spec. Raises UnetkitError if it cannot be read.

    A file that does not exist yet is empty.
    """
    if reference is None:
        return Desk()
    path = find_spec(reference)
    desk = Desk(example=reference) if shipped().get(reference) == path else Desk(path.absolute())
    desk.open()
    return desk


def _digest(content: bytes) -> str:
    """The SHA-256 of a content."""
    return sha256(content).hexdigest()
