"""The zip archive of torch.save: its directory is checked as a whole before a member is read.

torch writes members uncompressed, one after the other, and a directory with zip64 records at the end. Nothing else is
accepted: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.6 to 4.5.3.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, NamedTuple

from unetkit.checkpoint.faults import CONVERT, Budget, Refused

_END, _END_SIGNATURE = struct.Struct("<4s4H2LH"), b"PK\5\6"
_LOCATOR, _LOCATOR_SIGNATURE = struct.Struct("<4sLQL"), b"PK\6\7"
_END64, _END64_SIGNATURE = struct.Struct("<4sQ2H2L4Q"), b"PK\6\6"
_ENTRY, _ENTRY_SIGNATURE = struct.Struct("<4s6H3L5H2L"), b"PK\1\2"
_LOCAL, _LOCAL_SIGNATURE = struct.Struct("<4s5H3L2H"), b"PK\3\4"
_MASK16, _MASK32 = 2**16 - 1, 2**32 - 1
_ENCRYPTED = 0x2041
"""The flags of encrypted members, and of a masked directory."""
_MEMBER_BYTES = 600
"""What a member takes in memory at most, without its name."""
_DIRECTORY = "its zip directory is damaged"


class Member(NamedTuple):
    """A file in the archive: where its local header begins, its size and checksum (0: torch was asked for none)."""

    name: bytes
    header: int
    size: int
    crc: int


class Archive:
    """The members of a zip file by name. Raises Refused for an archive that torch.save would not write."""

    def __init__(self, opened: BinaryIO, budget: Budget) -> None:
        self._opened = opened
        self.size = opened.seek(0, 2)
        start, size, count = self._directory()
        self._start = start
        self.members = self._entries(self._at(start, size), count, budget)
        self._check_order()

    def read(self, name: str) -> bytearray:
        """The content of a member."""
        content = bytearray(self.members[name].size)
        self.read_into(name, memoryview(content))
        return content

    def read_into(self, name: str, target: memoryview) -> None:
        """Reads a member into memory of its size. Raises Refused where its checksum differs."""
        member = self.members.get(name)
        if member is None or member.size != len(target):
            raise Refused("it has changed while it was read", "Read it again.")
        values = _LOCAL.unpack(self._at(member.header, _LOCAL.size))
        signature, name_size, extra_size = values[0], values[-2], values[-1]
        start = member.header + _LOCAL.size + name_size + extra_size
        same = self._at(member.header + _LOCAL.size, name_size) == member.name
        if signature != _LOCAL_SIGNATURE or not same or start + member.size > self._start:
            raise Refused(f"its zip member {name} is not where the directory says")
        self._opened.seek(start)
        if self._opened.readinto(target) != member.size:  # type: ignore[attr-defined]  # files have it
            raise Refused("it ends early")
        if member.crc and zlib.crc32(target) != member.crc:
            raise Refused(f"its zip member {name} has another checksum than was written: bytes have changed")

    def _at(self, start: int, size: int) -> bytes:
        """Bytes of the file. Raises Refused where it has none."""
        if start < 0 or start + size > self.size:
            raise Refused(_DIRECTORY)
        self._opened.seek(start)
        content = self._opened.read(size)
        if len(content) != size:
            raise Refused("it ends early")
        return content

    def _directory(self) -> tuple[int, int, int]:
        """Where the directory begins, its size, and its number of entries."""
        end = self.size - _END.size
        if end < 0:
            raise Refused("it is no file of torch.save, or damaged: it has no zip directory at its end")
        signature, *disks, here, count, size, start, comment = _END.unpack(self._at(end, _END.size))
        if signature != _END_SIGNATURE or comment:
            raise Refused("it is no file of torch.save, or damaged: it has no zip directory at its end")
        located = self._at(end - _LOCATOR.size, _LOCATOR.size) if end >= _LOCATOR.size else b""
        if located.startswith(_LOCATOR_SIGNATURE):
            _, disk, end, total = _LOCATOR.unpack(located)
            if (disk, total) != (0, 1) or end != self.size - _END.size - _LOCATOR.size - _END64.size:
                raise Refused(_DIRECTORY)
            said = (here, _MASK16), (count, _MASK16), (size, _MASK32), (start, _MASK32)
            signature, _, _, _, *disks, here, count, size, start = _END64.unpack(self._at(end, _END64.size))
            if signature != _END64_SIGNATURE:
                raise Refused(_DIRECTORY)
            for (short, mask), long in zip(said, (here, count, size, start), strict=True):
                if short not in (mask, long):
                    raise Refused("its zip directory contradicts itself")
        if any(disks) or here != count or start + size != end or count * _ENTRY.size > size:
            raise Refused(_DIRECTORY)
        return start, size, count

    def _entries(self, directory: bytes, count: int, budget: Budget) -> dict[str, Member]:
        """The members that the directory lists."""
        members: dict[str, Member] = {}
        at = 0
        for _ in range(count):
            if at + _ENTRY.size > len(directory):
                raise Refused(_DIRECTORY)
            values = _ENTRY.unpack_from(directory, at)
            name_size, extra_size, comment_size = values[10:13]
            end = at + _ENTRY.size + name_size + extra_size + comment_size
            if values[0] != _ENTRY_SIGNATURE or end > len(directory):
                raise Refused(_DIRECTORY)
            at += _ENTRY.size
            name = directory[at : at + name_size]
            budget.spend(_MEMBER_BYTES + 5 * name_size)
            text = name.decode("utf-8", "backslashreplace")
            if text in members:
                raise Refused(f"its zip archive has two members of the name {text[:100]}")
            members[text] = _member(text, name, values, directory[at + name_size : at + name_size + extra_size])
            at = end
        if at != len(directory):
            raise Refused(_DIRECTORY)
        return members

    def _check_order(self) -> None:
        """Raises Refused where members share bytes, or reach into the directory."""
        free = 0
        for member in sorted(self.members.values(), key=lambda one: one.header):
            if member.header < free:
                raise Refused("its zip members overlap")
            free = member.header + _LOCAL.size + len(member.name) + member.size
        if free > self._start:
            raise Refused("its zip members reach beyond the end of the data")


def _member(text: str, name: bytes, values: tuple[int, ...], extra: bytes) -> Member:
    """The member of an entry of the directory. Raises Refused where it is compressed, encrypted or elsewhere."""
    flags, method, crc, packed, size, disk, header = (*values[3:5], *values[7:10], values[13], values[16])
    size, packed, header = _wide(extra, size, packed, header)
    if flags & _ENCRYPTED:
        raise Refused(f"its zip member {text[:100]} is encrypted", CONVERT)
    if method or packed != size:
        raise Refused(f"its zip member {text[:100]} is compressed, which torch.save never does", CONVERT)
    if disk:
        raise Refused(_DIRECTORY)
    return Member(name, header, size, crc)


def _wide(extra: bytes, *values: int) -> list[int]:
    """Sizes and position, of which those that need more than 32 bits are in the zip64 extra field."""
    wide = b""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            wide = extra[4 : 4 + length]
        extra = extra[4 + length :]
    found = []
    for value in values:
        if value == _MASK32:
            if len(wide) < 8:
                raise Refused(_DIRECTORY)
            value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        found.append(value)
    return found
