"""Mutated YAML of all four kinds, through every command that reads one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

from tests.fuzz.command import Answer, answer
from tests.fuzz.kind import Kind
from tests.fuzz.mutation import text_changed
from tests.fuzz.seeds import BASE, texts
from tests.fuzz.trees import HOSTILE, at, places, tree_changed
from tests.support.photos import write_photos

FILE = "a.yaml"
READING: dict[str, tuple[tuple[str, ...], ...]] = {
    "spec": (
        ("show", FILE), ("show", FILE, "--json"), ("show", FILE, "--size", "64"), ("sizes", FILE),
        ("sizes", FILE, "--near", "100"), ("draw", FILE, "-o", "out.svg"), ("diff", FILE, "base.yaml"),
        ("diff", "base.yaml", FILE, "--json"), ("resolve", FILE), ("resolve", FILE, "--json"), ("code", FILE),
        ("code", FILE, "-o", "out.py"), ("study", "plan", FILE),
    ),
    "data": (("data", FILE), ("data", FILE, "--json"), ("validate", FILE, "--json")),
    "run": (("validate", FILE, "--json"), ("show", FILE), ("data", FILE)),
    "study": (
        ("study", "plan", FILE), ("study", "plan", FILE, "--json"), ("study", "run", FILE, "--dry-run"),
        ("study", "status", FILE), ("validate", FILE, "--json"),
    ),
}  # fmt: skip
WORDS = (
    ("blocks",), ("blocks", "{}"), ("blocks", "{}", "--json"), ("schema", "{}"), ("show", "{}"), ("specs", "--json"),
    ("show", "unet-small", "--set", "{}"), ("show", "unet-small", "--size", "{}"), ("validate", "{}"),
    ("study", "plan", "{}"),
    ("draw", "unet-small", "-o", "{}.svg"), ("diff", "unet-small", "{}"), ("study", "report", "{}"), ("data", "{}"),
)  # fmt: skip
"""Commands that take a word."""
MOST = 4_000
"""Texts that are kept because their answer was a new one."""


class Texts(Kind):
    """A file of one kind at a time, changed as a text or as values; what gave a new answer is changed further."""

    name = "texts"
    share = 0.56

    def prepare(self) -> None:
        write_photos(self.folder / "photos")
        (self.folder / "base.yaml").write_text(BASE)
        self.known: list[tuple[str, str]] = [(kind, text) for kind in READING for text in texts(kind)]
        self.shipped = len(self.known)
        trees = [yaml.safe_load(text) for _, text in self.known]
        found = {path: value for tree in trees for path in places(tree) for value in [at(tree, path)]}
        self.keys = sorted({path[-1] for path in found if isinstance(path[-1], str)})
        self.others = [*found.values(), *HOSTILE]
        self.seen: set[object] = set()

    def case(self, random: Random) -> Iterator[Answer]:
        if random.random() < 0.03:
            yield self.worded(random)
            return
        kind, text = random.choice(self.known if random.random() < 0.6 else self.known[: self.shipped])
        text = self.changed(text, random)
        (self.folder / FILE).write_text(text, encoding="utf-8", errors="replace")
        if random.random() < 0.05:
            kind = random.choice(tuple(READING))
        first = answer("validate", FILE)
        yield first
        self.learn(kind, text, first)
        for command in random.sample(READING[kind], 1 if first.code == 0 else random.random() < 0.4):
            found = answer(*command)
            yield found
            self.learn(kind, text, found)

    def worded(self, random: Random) -> Answer:
        """Returns the answer to a word that means nothing, or too much."""
        word = str(random.choice((*self.keys, *map(str, HOSTILE), *map(str, self.others))))[:300].replace("\0", "")
        word = word if random.random() < 0.5 else f"{random.choice(self.keys)}={word}"
        return answer(*(part.format(word) for part in random.choice(WORDS)))

    def changed(self, text: str, random: Random) -> str:
        """Returns another text than that."""
        if random.random() < 0.4:
            return text_changed(text, random)
        try:
            values: Any = yaml.safe_load(text)
            values = tree_changed(values, random, self.keys, copy.deepcopy(self.others))
            return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=random.random() < 0.5)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError, IndexError, KeyError):
            return text_changed(text, random)

    def learn(self, kind: str, text: str, found: Answer) -> None:
        """Keeps a text whose answer is a new one."""
        if found.signature not in self.seen and len(text) < 3_000:
            self.seen.add(found.signature)
            if len(self.known) < MOST:
                self.known.append((kind, text))
