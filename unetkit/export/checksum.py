"""Checksums of exported files: a bit that flips in their weights changes results, and no message says so.

An ONNX file ends with one more entry of its metadata, the SHA-256 of all bytes before it: entries of a message in
protobuf's format may stand anywhere. Beside OpenVINO's two files lies a third, as `sha256sum --check` reads it.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from unetkit.errors import Fault, FileError

KEY = b"sha256"
SUMS = "model.sha256"
LENGTH = 64
"""Letters of a checksum."""


def entry(content: bytes | memoryview) -> bytes:
    """Returns the entry of ONNX metadata with the checksum of what stands before it: field 14, its key, its value."""
    value = sha256(content).hexdigest().encode()
    pair = bytes((0x0A, len(KEY))) + KEY + bytes((0x12, len(value))) + value
    return bytes((14 << 3 | 2, len(pair))) + pair


def sealed_onnx(content: bytes) -> bytes:
    """Returns an ONNX file with its checksum at its end."""
    return content + entry(content)


def verify_onnx(file: Path) -> None:
    """Raises FileError where an ONNX file does not end with the checksum of what stands before."""
    content = memoryview(file.read_bytes())
    length = len(KEY) + LENGTH + 6
    if content[-length:] != entry(content[:-length]):
        raise damaged(file)


def write_sums(folder: Path, names: tuple[str, ...]) -> None:
    """Writes the checksums of the files in a folder beside them."""
    (folder / SUMS).write_text(sums(folder, names), encoding="ascii")


def verify_sums(folder: Path, names: tuple[str, ...]) -> None:
    """Raises FileError where the files in a folder have not the checksums that lie beside them."""
    try:
        known = (folder / SUMS).read_bytes()
        right = known == sums(folder, names).encode()
    except FileNotFoundError as error:
        raise damaged(folder) from error
    if not right:
        raise damaged(folder)


def sums(folder: Path, names: tuple[str, ...]) -> str:
    """Returns a line with checksum and name for each of some files."""
    return "".join(f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def damaged(path: Path) -> FileError:
    """Returns the error for a file that is not as it was written."""
    message = f"{path} is damaged, or was not exported by unetkit: its checksum is missing or another"
    return FileError(Fault("model-damaged", message, cure="Export it anew."))
