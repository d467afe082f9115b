"""Changes of checkpoints that keep them plausible: opcodes of the pickle, fields of the zip archive, bombs."""

from __future__ import annotations

import io
import pickletools
import re
import struct
import zipfile
import zlib
from random import Random

PICKLE = "/data.pkl"
HOSTILE = (
    *(bytes([opcode]) for opcode in b"N012})Rbtusaeld\x81\x85\x87\x8f\x90\x91\x92\x93\x94\x97\x98oQ"),
    b"(" * 1200, b"]" * 500, b"\x82\x01", b"h\x00", b"h\xff", b"j\xff\xff\xff\xff", b"q\x00", b"r\xff\xff\xff\xff",
    b"\x95" + b"\xff" * 8, b"\x80\x09", b"J\xff\xff\xff\xff", b"J\xff\xff\xff\x7f", b"\x8a\xff" + b"\x7f" * 255,
    b"\x8b\xff\xff\xff\x7f", b"\x8a\x08" + b"\x7f" * 8, b"G\x7f\xf8" + bytes(6), b"X\xff\xff\xff\xff",
    b"X\x04\x00\x00\x00\xff\xff\xff\xff", b"\x8c\x03a\x00b", b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x8d\x00\x00\x00\x00\x01\x00\x00\x00", b"B\xff\xff\xff\xff", b"C\x01a", b"X\x07\x00\x00\x00storage",
    b"X\x0c\x00\x00\x00_parameters", b"X\x08\x00\x00\x00_modules", b"X\x05\x00\x00\x00model",
    b"cmine\n" + b"n" * 5000, b"c\n\n",
    *(f"c{name}\n".replace(".", "\n").replace(",", ".").encode() for name in (
        "posix.system", "__builtin__.eval", "collections.OrderedDict", "torch,_utils._rebuild_tensor_v2",
        "torch,_utils._rebuild_tensor_v3", "torch,_utils._rebuild_parameter", "torch,_tensor._rebuild_from_type_v2",
        "torch.DoubleStorage", "torch.LongStorage", "torch.int64", "torch,storage.UntypedStorage", "numpy.dtype",
    )),
)  # fmt: skip
"""Opcodes with arguments that torch does not write, or not there."""


def members_of(content: bytes) -> dict[str, bytes]:
    """Returns the members of a zip archive by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(members: dict[str, bytes]) -> bytes:
    """Returns a zip archive whose checksums are right; by hand, since zipfile takes ten times as long."""
    body, directory = bytearray(), bytearray()
    for name, content in members.items():
        label = name.encode()
        facts = (zlib.crc32(content), len(content), len(content), len(label), 0)
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, *facts, 0, 0, 0, 0, len(body)) + label
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, *facts) + label + content
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return bytes(body + directory + end)


def operations(pickle: bytes) -> list[bytes]:
    """Returns the opcodes of a pickle with their arguments."""
    starts = [position or 0 for _, _, position in pickletools.genops(pickle)]
    return [pickle[start:end] for start, end in zip(starts, [*starts[1:], len(pickle)], strict=True)]


def operations_changed(known: list[bytes], random: Random, others: list[bytes]) -> bytes:
    """Returns a pickle with a few other operations: from other pickles, hostile ones, moved, doubled, left out."""
    made = list(known)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(1, len(made))
        match random.randrange(6):
            case 0:
                made.insert(at, random.choice(HOSTILE))
            case 1:
                made.insert(at, random.choice(others))
            case 2:
                made[at] = random.choice(others)
            case 3:
                made[at : at + random.choice((1, 1, 2, 5))] = []
                made = made if len(made) > 1 else list(known)
            case 4:
                made[at:at] = made[at : at + random.choice((1, 3, 10, 40))]
            case 5:
                made[at] = argument_changed(made[at], random)
    return b"".join(made)


def argument_changed(operation: bytes, random: Random) -> bytes:
    """Returns an operation with another argument of the same length."""
    if len(operation) < 2:
        return operation
    at = random.randrange(1, len(operation))
    return (
        operation[:at] + bytes([random.choice((0, 1, 2, 127, 128, 255, random.randrange(256)))]) + operation[at + 1 :]
    )


_SIZES = {b"PK\x03\x04": 30, b"PK\x01\x02": 46, b"PK\x05\x06": 22, b"PK\x06\x06": 56, b"PK\x06\x07": 20}
"""The records of a zip archive by their signature, and their sizes."""


def header_changed(content: bytes, random: Random) -> bytes:
    """Returns an archive with other numbers in some of its records."""
    made = bytearray(content)
    for _ in range(random.randint(1, 3)):
        signature = random.choice(tuple(_SIZES))
        places = [found.start() for found in re.finditer(re.escape(signature), content)]
        if not places:
            continue
        width = random.choice((1, 2, 4, 8))
        at = random.choice(places) + random.randrange(4, _SIZES[signature])
        old = int.from_bytes(made[at : at + width], "little")
        new = random.choice((0, 1, 2**32 - 1, 2**16 - 1, 2**63, old + 1, old - 1, old * 2, len(content), 8))
        made[at : at + width] = (new % 256**width).to_bytes(width, "little")
    return bytes(made)


def archive_changed(members: dict[str, bytes], random: Random) -> bytes:
    """Returns another archive: a member compressed, doubled, left out, renamed or of another length."""
    name = random.choice(tuple(members))
    made = dict(members)
    match random.randrange(5):
        case 0:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for each, content in members.items():
                    archive.writestr(each, content)
            return buffer.getvalue()
        case 1:  # the second one gets its name afterwards: zipfile warns of twice the same
            made["?" * len(name)] = random.choice((members[name], b"\x80\x02}."))
            return archived(made).replace(b"?" * len(name), name.encode())
        case 2:
            del made[name]
        case 3:
            made[random.choice(("x/data.pkl", "data.pkl", "archive/data/99", "é", "archive/constants.pkl"))] = made.pop(
                name
            )
        case 4:
            made[name] = made[name][: random.randrange(len(made[name]) + 1)] + bytes(random.choice((0, 1, 4, 1000)))
    return archived(made)


def bomb(random: Random, size: int = 3000) -> bytes:
    """Returns a pickle that would take much more time or memory than its size: deep, wide, shared or colliding."""
    head, count = b"\x80\x02", random.randrange(1, size)
    match random.randrange(8):
        case 0:
            return head + b"]" * count + b"a" * (count - 1) + b"."
        case 1:  # each dict has two items, both the one before: 2 ** count paths
            step = b"}q%c(X\x01\x00\x00\x00ah%cX\x01\x00\x00\x00bh%cu"
            return (
                head + b"}q\x00" + b"".join(step % (i % 250 + 1, i % 250, i % 250) for i in range(count % 250)) + b"."
            )
        case 2:
            items = b"".join(b"\x8a\x0a" + (key * (2**61 - 1)).to_bytes(10, "little") + b"N" for key in range(count))
            return head + b"}(" + items + b"u."
        case 3:
            return head + b"(" + b"X" + struct.pack("<L", count) + b"a" * (count - 4) + "🙂".encode() + b"t."
        case 4:
            return head + b"]" + b"".join(b"r" + struct.pack("<L", index) for index in range(count)) + b"."
        case 5:
            return head + b"}(" + b"".join(b"X\x01\x00\x00\x00%c}" % (97 + i % 26) for i in range(count)) + b"u."
        case 6:  # modules within modules, each twice
            new = b"cx\nY\n)\x81q%c}X\x08\x00\x00\x00_modules}(X\x01\x00\x00\x00ah%cX\x01\x00\x00\x00bh%cusb"
            return head + b"}q\x00" + b"".join(new % (i + 1, i, i) for i in range(count % 250)) + b"."
        case _:
            return head + b"(" * count + b"N" * count + b"t" * count + b"."
