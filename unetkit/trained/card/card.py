"""What a card knows: the model file, how it was trained, what was measured, and what people say of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from unetkit.data import Pairs
from unetkit.errors import Fault, FileError
from unetkit.model import plan_of, read_header
from unetkit.model.hub import local
from unetkit.planning import Plan, SizedPlan
from unetkit.scoring import METRICS, Example, Measurement, label, score
from unetkit.scoring.scoring import check_classes
from unetkit.scoring.spacing import Spacings
from unetkit.trained.card.about import About
from unetkit.trained.card.history import History, history_of
from unetkit.trained.modelfile import Trained


class FileFacts(NamedTuple):
    """A model file from outside: its name, its bytes, their SHA-256, and the versions it was made with."""

    name: str
    bytes: int
    sha256: str
    requirements: dict[str, str]


class CardImages(NamedTuple):
    """Images with labels to measure a network on: what they are called, and how many a card shows."""

    pairs: Pairs
    split: str = "test"
    samples: int = 3


@dataclass(frozen=True)
class Card:
    """A model with all that its card says. `measured_on` says on which images, `samples` are labelled images."""

    file: FileFacts
    trained: Trained
    sized: SizedPlan
    about: About
    history: History
    measured: Measurement | None = None
    measured_on: str = ""
    samples: tuple[Example, ...] = ()

    @property
    def plan(self) -> Plan:
        """The plan of the network."""
        plan: Plan = self.sized.plan
        return plan

    @property
    def title(self) -> str:
        """What the model is called."""
        return self.about.title or self.plan.spec.name


def make_card(
    file: Path,
    size: tuple[int, ...],
    *,
    about: About | None = None,
    history: History | None = None,
    images: CardImages | None = None,
) -> Card:
    """Returns the card of a model file. `size` is that of the image for which the network is drawn and its cost told.

    With `images` the network is measured on them and some are shown; without, the scores are those that its training
    kept. `history` stands in place of what the file says of its training.
    Raises FileError where the file cannot be read, or where the history is that of another network.
    """
    file = local(file)
    trained = Trained.load(file)
    plan = plan_of(trained.model)
    known = history_of(trained.training, file) if history is None else history
    if known.digest not in ("", plan.digest):
        message = f"the run trained another network ({known.digest[:12]}) than {file} holds ({plan.digest[:12]})"
        raise FileError(Fault("run-other", message, cure="Give the folder of the run that wrote the file."))
    card = Card(facts_of(file), trained, plan.at(size), about or About(), known)
    if images is not None:
        measured = measure(trained, images.pairs)
        shown = examples(trained, images.pairs, measured, images.samples)
        return replace(card, measured=measured, measured_on=counted(images.split, len(images.pairs)), samples=shown)
    kept = known.measured(trained.classes)
    if kept is None:
        return card
    return replace(card, measured=Measurement(kept), measured_on=counted(known.scores.split, len(kept.images)))


def counted(split: str, count: int) -> str:
    """Returns how many images of which kind there were.

    >>> counted("test", 6), counted("", 1)
    ('6 test images', '1 image')
    """
    return f"{count} {split} image{'s' * (count != 1)}".replace("  ", " ")


def facts_of(file: Path) -> FileFacts:
    """Returns what a model file is from outside."""
    with file.open("rb") as opened:
        digest = sha256()
        while block := opened.read(1 << 20):
            digest.update(block)
        size = opened.tell()
    try:
        versions = {str(name): str(version) for name, version in json.loads(read_header(file)["requirements"]).items()}
    except (ValueError, AttributeError, RecursionError) as error:
        raise FileError(Fault("model-damaged", f"{file} is damaged: its versions cannot be read")) from error
    return FileFacts(file.name, size, digest.hexdigest(), versions)


def measure(trained: Trained, pairs: Pairs) -> Measurement:
    """Returns all metrics of a network on pairs."""
    plan = plan_of(trained.model)
    check_classes(plan, pairs.classes, trained.classes)
    classes = trained.classes if len(trained.classes) == len(pairs.classes) else pairs.classes
    labelled = label(trained.model, pairs, trained.preprocessing)
    metrics = tuple(name for name in METRICS if plan.dims > 1 or not METRICS[name].distance)
    spacings = Spacings()
    cases = ((pair.name, found, pair.labels, spacings.of(pair) if plan.dims > 1 else None) for pair, found in labelled)
    scores = score(cases, classes, metrics=metrics)
    return Measurement(scores, unit=spacings.unit)


def examples(trained: Trained, pairs: Pairs, measured: Measurement, count: int) -> tuple[Example, ...]:
    """Returns images with their labels, evenly from the worst to the best by the first metric."""
    scores = measured.scores
    ranked = scores.worst(len(pairs), scores.metrics[0])
    if not ranked or count < 1:
        return ()
    last = len(ranked) - 1
    places = list(dict.fromkeys(round(last * step / max(1, count - 1)) for step in range(count)))
    notes = {0: "the worst", last: "the best"} if last else {}
    labelled = label(trained.model, [pairs[ranked[place]] for place in places], trained.preprocessing)
    return tuple(
        Example.of(pair, labels, notes.get(place, f"number {place + 1} from the worst" if last else ""))
        for place, (pair, labels) in zip(places, labelled, strict=True)
    )
