"""Changes of bytes and of texts."""

from __future__ import annotations

from random import Random

BITS = tuple(1 << number for number in range(8))
TOKENS = (
    "&a ", "*a", "<<: *a", "!!python/object/apply:os.system [true]", "!!binary aGk=", "!!set {a}", "? a\n: b\n",
    "|\n  x\n",
    ">-\n  x\n", "---\n", "...\n", "\t", "'", '"', "{", "}", "[", "]", ":", ",", "#", "-", "~", "null", "true", ".nan",
    "-.inf", "1e400", "0", "-1", "1" * 40, "0x" + "f" * 40, "1e308", "é", "\u202e", "\x9b", "\x00", "\x1b[2J", "\ufeff",
    "\ud83d", "\u2028", "a" * 300, "../../../etc/passwd", "/dev/zero", "%YAML 9.9\n",
)  # fmt: skip
"""What means something in YAML, or to those who read it."""


def bytes_changed(content: bytes, random: Random, most: int = 6) -> bytes:
    """Returns content with a few changes: flipped bits, other bytes, pieces cut, doubled; sometimes it ends early."""
    made = bytearray(content)
    for _ in range(random.randint(1, most)):
        at = random.randrange(len(made) + 1)
        match random.randrange(7):
            case 0 if made:
                made[at % len(made)] ^= random.choice(BITS)
            case 1 if made:
                made[at % len(made)] = random.choice((0, 255, 127, 128, random.randrange(256)))
            case 2:
                del made[at : at + random.choice((1, 2, 4, 8, 100, 1000))]
            case 3:
                made[at:at] = made[at : at + random.choice((1, 4, 16, 300))]
            case 4:
                made[at:at] = bytes(random.randrange(256) for _ in range(random.choice((1, 4, 16))))
            case 5:
                made[at : at + 4] = random.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f"))
            case _ if random.random() < 0.3:
                del made[at:]
    return bytes(made)


def text_changed(text: str, random: Random, most: int = 4) -> str:
    """Returns a text with a few changes: tokens set in, lines and pieces moved, doubled, cut, numbers changed."""
    for _ in range(random.randint(1, most)):
        at = random.randrange(len(text) + 1)
        lines = text.split("\n")
        line = random.randrange(len(lines))
        match random.randrange(7):
            case 0:
                text = text[:at] + random.choice(TOKENS) + text[at:]
            case 1:
                text = text[:at] + text[at + random.choice((1, 1, 3, 20)) :]
            case 2:
                lines.insert(random.randrange(len(lines) + 1), lines[line])
                text = "\n".join(lines)
            case 3:
                del lines[line]
                text = "\n".join(lines)
            case 4:
                lines[line] = random.choice(("", " ", "  ", "    ")) + lines[line].strip()
                text = "\n".join(lines)
            case 5:
                text = digits_changed(text, at, random)
            case _ if random.random() < 0.2:
                text = text[:at]
    return text


def digits_changed(text: str, at: int, random: Random) -> str:
    """Returns a text whose next number is another one."""
    start = next((place for place in range(at, len(text)) if text[place].isdigit()), None)
    if start is None:
        return text
    end = start
    while end < len(text) and text[end].isdigit():
        end += 1
    changed = random.choice(("0", "-1", "2", "17", "1024", "99999", "1" * 30, text[start:end] + "0", "1e9", "0.5", ""))
    return text[:start] + changed + text[end:]
