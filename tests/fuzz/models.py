"""Mutated model files, through the commands that read one."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from tests.fuzz.command import Answer, answer
from tests.fuzz.findings import within
from tests.fuzz.kind import Kind
from tests.fuzz.mutation import bytes_changed, text_changed
from tests.fuzz.trees import HOSTILE, tree_changed

FILE = "m.safetensors"
COMMANDS = (
    ("predict", FILE, "image.png", "-o", "out"),
    ("card", FILE, "-o", "card"),
    ("evaluate", FILE, "photos", "--split", "train", "--json"),
    ("predict", FILE, "image.png", "-o", "out", "--probabilities"),
)


class Models(Kind):
    """A trained model's file with other bytes, another header, other metadata."""

    name = "models"
    share = 0.1

    def prepare(self) -> None:
        from tests.support.photos import write_photos
        from tests.trained.test_trained_file import trained

        trained().save(self.folder / FILE)
        self.whole = (self.folder / FILE).read_bytes()
        write_photos(self.folder / "photos")
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 33), np.uint8)).save(self.folder / "image.png")
        with within(self.folder):
            for command in COMMANDS:  # imports are no part of an answer
                answer(*command)

    def case(self, random: Random) -> Iterator[Answer]:
        (self.folder / FILE).write_bytes(self.changed(random))
        for name in ("out", "card"):
            self.fresh(name)
        yield answer(*random.choice(COMMANDS))

    def changed(self, random: Random) -> bytes:
        """Returns another file."""
        if random.random() < 0.2:
            return bytes_changed(self.whole, random)
        (length,) = struct.unpack("<Q", self.whole[:8])
        head, body = self.whole[8 : 8 + length], self.whole[8 + length :]
        if random.random() < 0.2:
            head = bytes_changed(head, random)
        else:
            head = json.dumps(self.header(json.loads(head), random)).encode("utf-8", "replace")
            head += b" " * (-(8 + len(head)) % 64)
        return struct.pack("<Q", len(head)) + head + body

    def header(self, header: dict[str, Any], random: Random) -> dict[str, Any]:
        """Returns another header: mostly other metadata, whose values are JSON, YAML and lists."""
        said = header["__metadata__"]
        for _ in range(random.randint(1, 2)):
            if random.random() < 0.2:
                key = random.choice(tuple(header))
                changed = random.choice(("weight\x1b[2J", "n" * 100_000, "", "a.b.c", "../x"))
                header[changed] = header.pop(key)
                said = header.setdefault("__metadata__", said)
                continue
            key = random.choice(tuple(said))
            try:
                values: Any = tree_changed(json.loads(said[key]), random, ("type", "mean", "steps"), HOSTILE)
                said[key] = json.dumps(values)
            except (ValueError, TypeError):
                said[key] = random.choice((text_changed(said[key], random), str(random.choice(HOSTILE))))
        return header
