"""From what a card knows to its sections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import isfinite
from shlex import quote
from typing import Any

from unetkit.data.labels.colours import COLOURS
from unetkit.draw import svg
from unetkit.draw.text import size_label
from unetkit.language import resolve, to_text
from unetkit.planning import needed_memory
from unetkit.planning.words import in_words_by_axis
from unetkit.quoting import visible
from unetkit.scoring.metrics import METRICS
from unetkit.trained.card.about import About
from unetkit.trained.card.card import Card
from unetkit.trained.card.content import (
    Code,
    Curve,
    FactTable,
    Gap,
    NetworkDrawing,
    Part,
    PictureGrid,
    Pictures,
    Prose,
    Section,
)
from unetkit.trained.card.history import History
from unetkit.trained.card.inputs import inputs
from unetkit.wording import magnitude, megabytes

MOST_POINTS = 300
"""Of a curve; more are averaged, since no screen shows them."""
ASKED = {
    "intended_use": "what the model is for, and for whom",
    "out_of_scope": "what it must not be used for",
    "limitations": "where it is known to fail",
    "data_source": "where the images come from, who labelled them, and how",
    "data_license": "the terms of the images",
    "license": "the licence of the weights",
    "authors": "who made the model",
    "contact": "where questions go",
    "citation": "how to cite the model",
}
"""What belongs into the fields that people fill in."""


def lead(card: Card) -> str:
    """Returns in one line what the model is."""
    spec, classes = card.plan.spec, card.trained.classes
    named = ", ".join(classes[:-1]) + f" and {classes[-1]}"
    return (
        f"A {spec.dims}D U-Net with {card.plan.parameters:,} parameters that tells {named} apart in images with "
        f"{spec.in_channels} channel{'s' * (spec.in_channels > 1)}."
    )


def sections(card: Card) -> list[Section]:
    """Returns all sections of a card."""
    said = [
        *purpose(card.about),
        network(card),
        inputs(card.trained.signature),
        *scores(card),
        *samples(card),
        *training(card.history),
    ]
    return [*said, data(card), usage(card), origin(card)]


def purpose(about: About) -> Iterator[Section]:
    """Yields what it is for and what not."""
    yield Section("Intended use", [field(about, "intended_use")])
    yield Section("Out of scope", [field(about, "out_of_scope")])
    yield Section("Limitations", [field(about, "limitations")])


def field(about: About, name: str) -> Part:
    """Returns what people say, or that nobody did."""
    text: str | None = getattr(about, name)
    return Gap(name, ASKED[name]) if text is None else Prose(text)


def network(card: Card) -> Section:
    """Returns what the network is: its drawing, its sizes, its cost."""
    plan, sized = card.plan, card.sized
    needs = needed_memory(plan, sized.input_size)
    field = ["the whole image" if size is None else str(size) for size in plan.receptive_field]
    rows = [
        ("spec", plan.spec.name),
        ("accepted sizes", in_words_by_axis(plan, plan.accepted)),
        ("aligned sizes", in_words_by_axis(plan, plan.aligned)),
        ("receptive field", " × ".join(dict.fromkeys(field)) if len(set(field)) == 1 else " × ".join(field)),
        ("parameters", f"{plan.parameters:,}"),
        (f"multiply-adds at {size_label(sized.input_size)}", magnitude(sized.macs)),
        (f"memory at {size_label(sized.input_size)}", f"{megabytes(needs.inference)} to label one image"),
        ("digest", plan.digest),
    ]
    drawing = NetworkDrawing(
        svg(sized), "network", f"The network at {size_label(sized.input_size)}: levels, channels, sizes"
    )
    text = Code(to_text(resolve(plan.spec)), "yaml", folded="The spec, whole")
    return Section("Network", [drawing, FactTable(rows), classes(card), text])


def classes(card: Card) -> PictureGrid:
    """Returns the classes, with the colours that pictures show them in."""
    names, colours = card.trained.classes, card.trained.colours or COLOURS
    own = tuple(colours[index % len(colours)] for index in range(len(names)))
    rows = [(str(index), name) for index, name in enumerate(names)]
    return PictureGrid(
        ("class", "name"), rows, "Classes, by the numbers that label files hold", words=True, colours=own
    )


def scores(card: Card) -> Iterator[Section]:
    """Yields what was measured."""
    if card.measured is None:
        if card.history.scores.left_out:
            text = f"A row for each image and class makes {card.history.scores.left_out:,}, which no model file keeps: "
            yield Section("Scores", [Prose(text + "unetkit card --run takes them from the folder of the run.")])
        return
    report = card.measured.plain()
    titles = [one["title"] for one in report["metrics"].values()]
    rows = [(name, *(cell(line) for line in report["summary"] if line["class"] == name)) for name in report["classes"]]
    about = [(one["title"], described(one)) for one in report["metrics"].values()]
    caption = f"Means over images, and their {report['confidence']:.0%} confidence intervals"
    parts: list[Part] = [PictureGrid(("class", *titles), rows, caption), FactTable(about), Prose(report["undefined"])]
    yield Section("Scores", parts, f"Measured on {card.measured_on}.")


def cell(line: dict[str, Any]) -> str:
    """Returns a mean with its interval; a dash where there is none.

    >>> cell({"mean": 0.91234, "low": 0.9, "high": 0.92}), cell({"mean": None, "low": None, "high": None})
    ('0.912 [0.900, 0.920]', '–')
    """
    if line["mean"] is None:
        return "–"
    interval = "" if line["low"] is None else f" [{line['low']:.3f}, {line['high']:.3f}]"
    return f"{line['mean']:.3f}{interval}"


def described(metric: dict[str, Any]) -> str:
    """Returns what a metric is and who computes it."""
    about = f"{metric['about']}, {metric['by']}"
    if metric.get("unit"):
        about += f", in {metric['unit']}"
    if "tolerance" in metric:
        about += f", tolerance {metric['tolerance']:g}"
    return about + ("" if metric["higher_is_better"] else "; lower is better")


def samples(card: Card) -> Iterator[Section]:
    """Yields labelled images."""
    if card.samples and card.measured is not None:
        title = METRICS[card.measured.scores.metrics[0]].title
        pictures = Pictures(card.samples, card.trained.classes, card.trained.colours or COLOURS)
        yield Section("Samples", [pictures], f"Chosen by rank, from the worst {title} to the best, not by looks.")


def training(history: History) -> Iterator[Section]:
    """Yields how the network was trained, where that is known."""
    rows = [
        (name, shown(value))
        for name, value in {
            "steps": history.steps,
            "time": None if history.seconds is None else f"{history.seconds / 60:,.1f} minutes",
            "seed": history.seed,
            "fraction of the images": history.fraction,
        }.items()
        if value is not None
    ]
    told = {name for name, _ in rows} | {"fraction"}
    rows += [row for row in leaves(history.run.get("training"), "") if row[0] not in told]
    curves = [
        Curve(thinned(points), title, name)
        for curve, title, name in (
            (history.loss, "loss", "loss"),
            (history.validation, "score on validation images", "validation"),
        )
        if len(points := [(x, y) for x, y in curve if y is not None and isfinite(y)]) > 1
    ]
    parts: list[Part] = [*curves, *([FactTable(rows)] if rows else [])]
    if parts:
        yield Section("Training", parts)


def leaves(values: object, path: str, most: int = 60) -> list[tuple[str, str]]:
    """Returns the settings in nested maps, by their paths."""
    if not isinstance(values, dict):
        return []
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{path}.{key}" if path else str(key)
        found += leaves(value, name) if isinstance(value, dict) else [(name, shown(value))]
    return found[:most]


def shown(value: object) -> str:
    """Returns a setting about as YAML writes it.

    >>> shown(3000), shown([0.9, None]), shown([{"type": "scale", "least": 0.85}])
    ('3,000', '0.9, null', 'scale (least 0.85)')
    """
    if isinstance(value, dict):
        rest = ", ".join(f"{key} {shown(one)}" for key, one in value.items() if key != "type")
        return f"{value.get('type', '')} ({rest})".strip() if rest else str(value.get("type", ""))
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)


def thinned(points: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """Returns a curve with at most MOST_POINTS points, each the mean of its neighbours.

    >>> thinned(((1, 4.0), (2, 2.0)))
    [(1.0, 4.0), (2.0, 2.0)]
    """
    size = -(-len(points) // MOST_POINTS)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(x for x, _ in one) / len(one), sum(y for _, y in one) / len(one)) for one in groups]


def data(card: Card) -> Section:
    """Returns what it was trained on."""
    fingerprint = card.trained.data or card.history.data
    known: list[Part] = [FactTable([("fingerprint", fingerprint)])] if fingerprint else []
    return Section("Training data", [field(card.about, "data_source"), field(card.about, "data_license"), *known])


def usage(card: Card) -> Section:
    """Returns how to use it."""
    name = visible(card.file.name)
    command = f"unetkit predict {quote(name)} images/ -o labels/"
    python = (
        f"import unetkit\n\nmodel = unetkit.load_model({json.dumps(name, ensure_ascii=False)})  # a torch.nn.Module"
    )
    note = "The file holds how images are normalised and the class names. Opening it executes nothing that is in it."
    return Section("How to use it", [Code(command, "sh"), Code(python, "python"), Prose(note)])


def origin(card: Card) -> Section:
    """Returns whose it is, and what the file is."""
    about, file = card.about, card.file
    given = [(name, text) for name in ("license", "authors", "contact", "citation") if (text := getattr(about, name))]
    gaps = [Gap(name, ASKED[name]) for name in ("license", "authors", "contact", "citation") if name in about.open()]
    rows = [*given, ("file", file.name), ("bytes", f"{file.bytes:,}"), ("SHA-256", file.sha256)]
    rows += [(f"made with {name}", version) for name, version in file.requirements.items()]
    return Section("Licence and origin", [*gaps, FactTable(rows)])
