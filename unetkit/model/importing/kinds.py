"""Recognizes files of weights, and files mistaken for them, by their first bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from unetkit.errors import Fault, UnetkitError

Kind = Literal["safetensors", "torch"]
HEAD = 512
"""Bytes that are read."""
ZIP, PICKLE, TAR, AT = b"PK\x03\x04", b"\x80", b"ustar", 257
_CONVERT = "Load it with the program that wrote it, and save its weights as a state dict or as .safetensors."
AGAIN = "Download the file itself again."
_OTHERS: dict[bytes, tuple[str, str]] = {
    b"version https://git-lfs": ("it is a pointer of Git LFS in place of the file", "Run: git lfs pull."),
    b"<": ("it is a web page", AGAIN),
    b"\x89HDF": ("it is HDF5, as Keras writes it", _CONVERT),
    b"\x1f\x8b": ("it is packed with gzip", "Unpack it first."),
    b"\x08\x07": ("it is ONNX", _CONVERT),
    b"\x08\x08": ("it is ONNX", _CONVERT),
    b"\x93NUMPY": ("it is a NumPy array", _CONVERT),
}
"""The first bytes of other files, what they are, and the cure."""


class ImportWeightsError(UnetkitError):
    """Weights cannot be read, or do not belong to the network."""


def fault(code: str, message: str, cure: str = "", lines: Sequence[str] = ()) -> ImportWeightsError:
    """An error with one fault."""
    return ImportWeightsError(Fault(code, message, cure=cure, lines=tuple(lines)))


def unreadable(file: Path, reason: str, cure: str = "") -> ImportWeightsError:
    """The error for a file that cannot be read."""
    return fault("weights-unreadable", f"{file} cannot be read: {reason}", cure or AGAIN)


def kind_of(file: Path) -> Kind:
    """The format of a file by its content; raises ImportWeightsError if it holds no weights."""
    if file.exists() and not file.is_file():
        raise unreadable(file, "it is no file", "Name the file of the weights.")
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
    except OSError as error:
        raise unreadable(file, error.strerror or str(error), "Is the name right, and may it be read?") from error
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= file.stat().st_size:
        return "safetensors"
    if head.startswith((ZIP, PICKLE)):
        return "torch"
    if not head:
        raise unreadable(file, "it is empty")
    if head[AT : AT + len(TAR)] == TAR:
        raise unreadable(file, "it is a tar archive", "Unpack it first.")
    start = head.lstrip() if head.lstrip().startswith(b"<") else head
    for beginning, (what, cure) in _OTHERS.items():
        if start.startswith(beginning):
            raise unreadable(file, what, cure)
    raise unreadable(file, "it is neither a file of torch.save nor safetensors", _CONVERT)
