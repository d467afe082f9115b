"""Recognizes files of weights, and files mistaken for them, by their first bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from unetkit.checkpoint.faults import AGAIN, CONVERT, Refused, refused_file

Format = Literal["safetensors", "torch"]
_HEAD = 512
"""Bytes that are read."""
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_TAR, _TAR_AT, _TORCH_TAR = b"ustar", 257, (b"sys_info", b"./sys_info", b"pickle", b"storages", b"tensors")
SAVE_AGAIN = (
    "Read it once with PyTorch 2.10 or later, torch.load(FILE, weights_only=True), and write the result by torch.save."
)
"""The cure for files of older versions of torch."""
_OTHERS: dict[bytes, tuple[str, str]] = {
    b"version https://git-lfs": ("it is a pointer of Git LFS in place of the file", "Run: git lfs pull."),
    b"<": ("it is a web page", AGAIN),
    b"\x89HDF": ("it is HDF5, as Keras writes it", CONVERT),
    b"\x1f\x8b": ("it is packed with gzip", "Unpack it first."),
    b"\x08\x07": ("it is ONNX", CONVERT),
    b"\x08\x08": ("it is ONNX", CONVERT),
    b"\x93NUMPY": ("it is a NumPy array", CONVERT),
    _PICKLE: ("it is in the format of PyTorch before 1.6, or another pickle", SAVE_AGAIN),
}
"""The first bytes of other files, what they are, and the cure."""


def format_of(file: Path) -> Format:
    """The format of a file by its content; raises ImportWeightsError if it holds no weights."""
    with refused_file(file):
        if file.exists() and not file.is_file():
            raise Refused("it is no file", "Name the file of the weights.")
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
        return _recognized(head, file.stat().st_size)


def _recognized(head: bytes, size: int) -> Format:
    """The format that begins so; raises Refused for any other."""
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size:
        return "safetensors"
    if head.startswith(_ZIP):
        return "torch"
    if not head:
        raise Refused("it is empty")
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        if head[:100].rstrip(b"\0") in _TORCH_TAR:
            raise Refused("it is in the tar format of PyTorch before 0.1.10", SAVE_AGAIN)
        raise Refused("it is a tar archive", "Unpack it first.")
    start = head.lstrip() if head.lstrip().startswith(b"<") else head
    for beginning, (what, cure) in _OTHERS.items():
        if start.startswith(beginning):
            raise Refused(what, cure)
    raise Refused("it is neither a file of torch.save nor safetensors", CONVERT)
