"""Mutated model files, through the commands that read one."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from PIL import Image

import unetkit
from tests.fuzz.command import Answer, answer
from tests.fuzz.findings import within
from tests.fuzz.kind import Kind
from tests.fuzz.mutation import bytes_changed, text_changed
from tests.fuzz.seeds import Mutator, texts
from tests.fuzz.trees import HOSTILE, tree_changed
from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import plain_signature
from unetkit.language import from_text
from unetkit.model import read_header, save

FILE = "m.safetensors"
COMMANDS = (
    ("predict", FILE, "image.png", "-o", "out"),
    ("card", FILE, "-o", "card"),
    ("evaluate", FILE, "photos", "--split", "train", "--metric", "dice", "--json"),  # distances import 350 MB
    ("predict", FILE, "image.png", "-o", "out", "--probabilities"),
)


MOST = 300_000
"""Parameters of the largest network that is built."""


class Models(Kind):
    """A trained model's file with other bytes, another header, other metadata."""

    def prepare(self) -> None:
        from tests.support.photos import write_photos
        from tests.trained.test_trained_file import trained

        self.wholes = []
        plain = Normalization("dataset", (100.0,), (50.0,))
        for signature in (
            trained().signature,
            plain_signature(plain, ("nothing", "disc"), 1),
        ):  # the second takes any image
            replace(trained(), signature=signature).save(self.folder / FILE)
            self.wholes.append((self.folder / FILE).read_bytes())
        write_photos(self.folder / "photos")
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 33), np.uint8)).save(self.folder / "image.png")
        self.mutator = Mutator(texts("spec"))
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
        whole = random.choice(self.wholes)
        if random.random() < 0.3:
            return self.respecified(whole, random)
        if random.random() < 0.2:
            return bytes_changed(whole, random)
        head, body = divided(whole)
        if random.random() < 0.2:
            return joined(bytes_changed(head, random), body)
        return joined(encoded(self.header(json.loads(head), random)), body)

    def respecified(self, whole: bytes, random: Random) -> bytes:
        """Returns a file with another spec; of a small network mostly with its digest, and often with its weights."""
        file = self.folder / FILE
        file.write_bytes(whole)
        said = read_header(file)
        text = self.mutator.changed(said["spec"], random)
        said["spec"] = text
        with suppress(unetkit.UnetkitError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            planned = unetkit.plan(from_text(text, "spec"))
            if random.random() < 0.8:
                said |= {"digest": planned.digest, "structure": "\n".join(planned.listing())}
            if planned.parameters < MOST and random.random() < 0.8:
                extra = {name: said[name] for name in ("signature", "data", "training")}
                return save(unetkit.build(planned.spec, seed=0), file, extra).read_bytes()
        head, body = divided(whole)
        return joined(encoded(json.loads(head) | {"__metadata__": said}), body)

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
            except (ValueError, TypeError, RecursionError):
                said[key] = random.choice((text_changed(said[key], random), str(random.choice(HOSTILE))))
        return header


def divided(content: bytes) -> tuple[bytes, bytes]:
    """Returns the header of a safetensors file, and its weights."""
    (length,) = struct.unpack("<Q", content[:8])
    return content[8 : 8 + length], content[8 + length :]


def encoded(header: dict[str, Any]) -> bytes:
    """Returns a header as JSON that ends on a boundary."""
    head = json.dumps(header).encode("utf-8", "replace")
    return head + b" " * (-(8 + len(head)) % 64)


def joined(head: bytes, body: bytes) -> bytes:
    """Returns a safetensors file."""
    return struct.pack("<Q", len(head)) + head + body
