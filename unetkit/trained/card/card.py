"""The content of a card: the model file, its training, its scores, and the fields filled in by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from unetkit.data import Pairs, open_data
from unetkit.data.preprocessing.data_for_network import data_like
from unetkit.errors import Fault, FileError
from unetkit.model import plan_of, read_header
from unetkit.model.hub import local
from unetkit.planning import Plan, SizedPlan, natural_size
from unetkit.scoring import Example, Measurement, label
from unetkit.trained.card.about import About
from unetkit.trained.card.history import History, history_of, read_history
from unetkit.trained.evaluation import measure
from unetkit.trained.modelfile import Trained
from unetkit.wording import plural

if TYPE_CHECKING:
    from unetkit.trained.card.embedded import EmbeddedNetwork


class ModelFileFacts(NamedTuple):
    """The name of a model file, its size in bytes, its SHA-256, and the package versions that wrote it."""

    name: str
    bytes: int
    sha256: str
    requirements: dict[str, str]


@dataclass(frozen=True)
class CardOptions:
    """What a card shows besides the content of the model file."""

    about: About = field(default_factory=About)
    run: Path | None = None
    """The folder of the run, whose curves and scores replace those in the model file."""
    data: str | Pairs | None = None
    """Images with labels on which the network is scored; the scores replace those in the model file."""
    split: Literal["test", "validation", "train"] = "test"
    samples: int = 3
    """Number of images of `data` that are shown."""
    embed: bool = False
    """Whether card.html can run the network."""
    size: tuple[int, ...] | None = None
    """Image size for the drawing and the costs, by default a usual one that fits."""


@dataclass(frozen=True)
class Card:
    """The content of a card. `measured_on` describes the images that were scored."""

    file: ModelFileFacts
    trained: Trained
    sized: SizedPlan
    about: About
    history: History
    measured: Measurement | None = None
    measured_on: str = ""
    samples: tuple[Example, ...] = ()
    embedded: EmbeddedNetwork | None = None

    @property
    def plan(self) -> Plan:
        """The plan of the network."""
        plan: Plan = self.sized.plan
        return plan

    @property
    def title(self) -> str:
        """The name of the model."""
        return self.about.title or self.plan.spec.name


def make_card(model: str | PathLike[str], options: CardOptions | None = None) -> Card:
    """Makes the card of a model file.

    Raises FileError where a file cannot be read, or the run trained another network.
    """
    options = options or CardOptions()
    file = local(model)
    history = None if options.run is None else read_history(options.run)
    trained = Trained.load(file)
    plan = plan_of(trained.model)
    pairs = options.data
    if isinstance(pairs, str):
        pairs = open_data(data_like(pairs, trained.signature, plan.dims)).part(options.split, pairs)
    history = history or history_of(trained.training, file)
    if history.digest not in ("", plan.digest):
        message = f"the run trained another network ({history.digest[:12]}) than that of {file} ({plan.digest[:12]})"
        raise FileError(Fault("run-other", message, cure="Give the folder of the run that wrote the file."))
    card = Card(file_facts(file), trained, plan.at(options.size or natural_size(plan)), options.about, history)
    if options.embed:
        from unetkit.trained.card.embedded import embed  # imports the exports

        card = replace(card, embedded=embed(trained))
    if pairs is not None:
        measured = measure(trained, pairs)
        samples = _examples(trained, pairs, measured, options.samples)
        on = plural(len(pairs), f"{options.split} image")
        return replace(card, measured=measured, measured_on=on, samples=samples)
    scores = history.measured(trained.classes)
    if scores is None:
        return card
    on = plural(len(scores.images), f"{history.scores.split} image".strip())
    return replace(card, measured=Measurement(scores), measured_on=on)


def file_facts(file: Path) -> ModelFileFacts:
    """Name, size, digest and requirements of a model file."""
    with file.open("rb") as opened:
        digest = file_digest(opened, "sha256").hexdigest()
    try:
        versions = {str(name): str(version) for name, version in json.loads(read_header(file)["requirements"]).items()}
    except (ValueError, AttributeError, RecursionError) as error:
        raise FileError(Fault("model-damaged", f"{file} is damaged: its versions cannot be read")) from error
    return ModelFileFacts(file.name, file.stat().st_size, digest, versions)


def _examples(trained: Trained, pairs: Pairs, measured: Measurement, count: int) -> tuple[Example, ...]:
    """Predicted images, evenly spaced by rank from the worst to the best by the first metric."""
    scores = measured.scores
    ranked = scores.worst(len(pairs), scores.metrics[0])
    if not ranked or count < 1:
        return ()
    last = len(ranked) - 1
    ranks = list(dict.fromkeys(round(last * step / max(1, count - 1)) for step in range(count)))
    notes = {0: "the worst", last: "the best"} if last else {}
    labelled = label(trained.model, [pairs[ranked[rank]] for rank in ranks], trained.preprocessing)
    return tuple(
        Example.of(pair, labels, notes.get(rank, f"number {rank + 1} from the worst" if last else ""))
        for rank, (pair, labels) in zip(ranks, labelled, strict=True)
    )
