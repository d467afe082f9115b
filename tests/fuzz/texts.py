"""Mutated YAML of all four kinds, through every command that reads one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.fuzz.command import Answer, answer
from tests.fuzz.kind import Kind
from tests.fuzz.seeds import BASE, Mutator, texts
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
    ("blocks",), ("blocks", "{}"), ("blocks", "{}", "--json"), ("schema", "{}"), ("show", "{}"),
    ("show", "unet-small", "--set", "{}"), ("show", "unet-small", "--size", "{}"), ("validate", "{}"),
    ("study", "plan", "{}"),
    ("draw", "unet-small", "-o", "{}.svg"), ("diff", "unet-small", "{}"), ("study", "report", "{}"), ("data", "{}"),
)  # fmt: skip
"""Commands that take a word."""
MOST = 4_000
"""Texts that are kept because their answer was a new one."""


class Texts(Kind):
    """A file of one kind at a time, changed as a text or as values; what gave a new answer is changed further."""

    def prepare(self) -> None:
        write_photos(self.folder / "photos")
        (self.folder / "base.yaml").write_text(BASE)
        self.known: list[tuple[str, str]] = [(kind, text) for kind in READING for text in texts(kind)]
        self.shipped = len(self.known)
        self.mutator = Mutator([text for _, text in self.known])
        self.seen: set[object] = set()

    def case(self, random: Random) -> Iterator[Answer]:
        if random.random() < 0.03:
            yield self.worded(random)
            return
        kind, text = random.choice(self.known if random.random() < 0.6 else self.known[: self.shipped])
        text = self.mutator.changed(text, random)
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
        keys = self.mutator.keys
        word = str(random.choice((*keys, *map(str, self.mutator.others))))[:300].replace("\0", "")
        word = word if random.random() < 0.5 else f"{random.choice(keys)}={word}"
        return answer(*(part.format(word) for part in random.choice(WORDS)))

    def learn(self, kind: str, text: str, found: Answer) -> None:
        """Keeps a text whose answer is a new one."""
        if found.signature not in self.seen and len(text) < 3_000:
            self.seen.add(found.signature)
            if len(self.known) < MOST:
                self.known.append((kind, text))
