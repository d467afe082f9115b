"""Checksums of exported models, since a flipped bit in their weights would go unnoticed.

An ONNX file ends with an additional metadata entry, the SHA-256 of all bytes before it; protobuf allows entries
anywhere. OpenVINO's two files have a third beside them, in the format of `sha256sum --check`.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from unetkit.errors import Fault, FileError

KEY = b"sha256"
SUMS = "model.sha256"
_LENGTH = 64
"""Of a checksum in hexadecimal."""


def entry(content: bytes | memoryview) -> bytes:
    """The metadata entry (field 14) of an ONNX file with the checksum of the content before it."""
    value = sha256(content).hexdigest().encode()
    pair = bytes((0x0A, len(KEY))) + KEY + bytes((0x12, len(value))) + value
    return bytes((14 << 3 | 2, len(pair))) + pair


def sealed_onnx(content: bytes) -> bytes:
    """An ONNX file with its checksum appended."""
    return content + entry(content)


def verify_onnx(file: Path) -> None:
    """Raises FileError where the checksum at the end of an ONNX file is missing or wrong."""
    content = memoryview(file.read_bytes())
    length = len(KEY) + _LENGTH + 6
    if content[-length:] != entry(content[:-length]):
        raise damaged(file)


def write_sums(folder: Path, names: tuple[str, ...]) -> None:
    """Writes the checksums of files beside them."""
    (folder / SUMS).write_text(_sums(folder, names), encoding="ascii")


def verify_sums(folder: Path, names: tuple[str, ...]) -> None:
    """Raises FileError where the checksums of files in a folder are missing or wrong."""
    try:
        matches = (folder / SUMS).read_bytes() == _sums(folder, names).encode()
    except FileNotFoundError:
        matches = False
    if not matches:
        raise damaged(folder)


def _sums(folder: Path, names: tuple[str, ...]) -> str:
    """One line with checksum and name for each file."""
    return "".join(f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def damaged(path: Path) -> FileError:
    """The error for a wrong checksum."""
    message = f"{path} is damaged or was not exported by unetkit: its checksum is missing or wrong"
    return FileError(Fault("model-damaged", message, cure="Export it again."))
