"""The sections of a card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import isfinite
from shlex import quote
from typing import Any

from unetkit.data.labels.classes import COLOURS
from unetkit.draw import svg
from unetkit.language import resolve, to_text
from unetkit.model.pretrained import WeightsOrigin
from unetkit.planning import needed_memory
from unetkit.planning.words import field_in_words, in_words_by_axis
from unetkit.quoting import visible
from unetkit.scoring.metrics import METRICS
from unetkit.trained.card.about import About
from unetkit.trained.card.card import Card
from unetkit.trained.card.content import (
    CardPart,
    CardTable,
    CodeBlock,
    ExamplePanels,
    FactList,
    MissingField,
    NetworkDrawing,
    Paragraphs,
    Section,
    TrainingCurve,
)
from unetkit.trained.card.history import History
from unetkit.trained.card.images import image_section
from unetkit.wording import listed, magnitude, megabytes, plural, size_text

_MAX_POINTS = 300
"""Largest number of points of a curve; more are averaged."""
_MAX_SETTINGS = 60
_HINTS = {
    "intended_use": "purpose and users",
    "out_of_scope": "uses that the model is not suitable for",
    "limitations": "known failures",
    "data_source": "origin of the images and labels, and how they were labelled",
    "data_license": "licence of the images",
    "license": "licence of the weights",
    "authors": "authors of the model",
    "contact": "contact for questions",
    "citation": "how to cite the model",
}
"""Descriptions of the fields that are filled in by hand."""
_ORIGIN = ("license", "authors", "contact", "citation")


def lead(card: Card) -> str:
    """The model in one sentence."""
    spec = card.plan.spec
    return (
        f"A {spec.dims}D U-Net with {card.plan.parameters:,} parameters that segments images with "
        f"{plural(spec.in_channels, 'channel')} into {listed(card.trained.classes, 100, last=' and ')}."
    )


def sections(card: Card) -> list[Section]:
    """All sections of a card."""
    return [
        Section("Intended use", [_field(card.about, "intended_use")]),
        Section("Out of scope", [_field(card.about, "out_of_scope")]),
        Section("Limitations", [_field(card.about, "limitations")]),
        _network(card),
        image_section(card.trained.signature),
        *_scores(card),
        *_samples(card),
        *_training(card.history),
        _data(card),
        _usage(card),
        _origin(card),
    ]


def _field(about: About, name: str) -> CardPart:
    text: str | None = getattr(about, name)
    return MissingField(name, _HINTS[name]) if text is None else Paragraphs(text)


def _network(card: Card) -> Section:
    plan, sized = card.plan, card.sized
    size = size_text(sized.input_size)
    rows = [
        ("spec", plan.spec.name),
        ("accepted sizes", in_words_by_axis(plan, plan.accepted)),
        ("aligned sizes", in_words_by_axis(plan, plan.aligned)),
        ("receptive field", field_in_words(plan.receptive_field)),
        ("parameters", f"{plan.parameters:,}"),
        (f"multiply-adds at {size}", magnitude(sized.macs)),
        (f"memory at {size}", f"{megabytes(needed_memory(plan, sized.input_size).inference)} for one image"),
        ("digest", plan.digest),
    ]
    origin: WeightsOrigin | None = getattr(card.trained.model, "origin", None)
    if origin is not None:
        rows.append(("encoder began with", f"{origin.weights} ({origin.file}, SHA-256 {origin.sha256[:12]}…)"))
    names, colours = card.trained.classes, card.trained.colours or COLOURS
    own = tuple(colours[index % len(colours)] for index in range(len(names)))
    labels = [(str(index), name) for index, name in enumerate(names)]
    classes = CardTable(("class", "name"), labels, "Classes, by their numbers in label files", words=True, colours=own)
    outputs = [
        CardTable(
            ("output", "predicts", "channels"),
            [(one.name, one.kind, ", ".join(one.names)) for one in card.trained.signature.outputs],
            "Outputs, each with a folder of results",
            words=True,
        )
    ] * bool(card.trained.signature.outputs)
    drawing = NetworkDrawing(svg(sized), "network", f"The network at {size}: levels, channels, sizes")
    text = CodeBlock(to_text(resolve(plan.spec)), "yaml", folded="Complete spec")
    return Section("Network", [drawing, FactList(rows), *outputs, classes, text])


def _scores(card: Card) -> Iterator[Section]:
    if card.measured is None:
        if card.history.scores.left_out:
            text = f"The {card.history.scores.left_out:,} scores, one for each image and class, are too many for the "
            text += "model file. Use unetkit card --run to read them from the folder of the run."
            yield Section("Scores", [Paragraphs(text)])
        return
    report = card.measured.json()
    metrics = report["metrics"].values()
    rows = [(name, *(_cell(line) for line in report["summary"] if line["class"] == name)) for name in report["classes"]]
    table = CardTable(
        ("class", *(one["title"] for one in metrics)),
        rows,
        f"Means over images with {report['confidence']:.0%} confidence intervals",
    )
    definitions = FactList([(one["title"], _definition(one)) for one in metrics])
    parts: list[CardPart] = [table, definitions, Paragraphs(report["undefined"]), *_further_outputs(card)]
    yield Section("Scores", parts, f"Measured on {card.measured_on}.")


def _further_outputs(card: Card) -> Iterator[CardPart]:
    """Yields the means of the further outputs at the end of the training."""
    rows = [
        (name, ", ".join(f"{metric} {'–' if mean is None else f'{mean:.3f}'}" for metric, mean in one.mean.items()))
        for name, one in [*card.history.outputs.items()][1:]
    ]
    if rows:
        yield CardTable(("output", "means"), rows, "Other outputs, at the end of the training", words=True)


def _cell(line: dict[str, Any]) -> str:
    """A mean with its interval; a dash where it is undefined.

    >>> _cell({"mean": 0.91234, "low": 0.9, "high": 0.92}), _cell({"mean": None, "low": None, "high": None})
    ('0.912 [0.900, 0.920]', '–')
    """
    if line["mean"] is None:
        return "–"
    interval = "" if line["low"] is None else f" [{line['low']:.3f}, {line['high']:.3f}]"
    return f"{line['mean']:.3f}{interval}"


def _definition(metric: dict[str, Any]) -> str:
    text = f"{metric['about']}, {metric['by']}"
    if metric.get("unit"):
        text += f", in {metric['unit']}"
    if "tolerance" in metric:
        text += f", tolerance {metric['tolerance']:g}"
    return text + ("" if metric["higher_is_better"] else "; lower is better")


def _samples(card: Card) -> Iterator[Section]:
    if card.samples and card.measured is not None:
        title = METRICS[card.measured.scores.metrics[0]].title
        panels = ExamplePanels(card.samples, card.trained.classes, card.trained.colours or COLOURS)
        yield Section("Samples", [panels], f"Selected by rank, from the worst {title} to the best.")


def _training(history: History) -> Iterator[Section]:
    facts = {
        "steps": history.steps,
        "time": None if history.seconds is None else f"{history.seconds / 60:,.1f} minutes",
        "seed": history.seed,
        "fraction of the images": history.fraction,
    }
    rows = [(name, _setting(value)) for name, value in facts.items() if value is not None]
    listed_already = {name for name, _ in rows} | {"fraction"}
    rows += [row for row in _settings(history.run.get("training"), "") if row[0] not in listed_already]
    curves = [
        TrainingCurve(_averaged(points), title, name)
        for curve, title, name in (
            (history.loss, "loss", "loss"),
            (history.validation, "score on validation images", "validation"),
        )
        if len(points := [(x, y) for x, y in curve if y is not None and isfinite(y)]) > 1
    ]
    parts: list[CardPart] = [*curves, *([FactList(rows)] if rows else [])]
    if parts:
        yield Section("Training", parts)


def _settings(values: object, path: str) -> list[tuple[str, str]]:
    """The settings in nested maps, by their paths."""
    if not isinstance(values, dict):
        return []
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{path}.{key}" if path else str(key)
        rows += _settings(value, name) if isinstance(value, dict) else [(name, _setting(value))]
    return rows[:_MAX_SETTINGS]


def _setting(value: object) -> str:
    """A setting, much as in YAML.

    >>> _setting(3000), _setting([0.9, None]), _setting([{"type": "scale", "least": 0.85}])
    ('3,000', '0.9, null', 'scale (least 0.85)')
    """
    if isinstance(value, dict):
        rest = ", ".join(f"{key} {_setting(one)}" for key, one in value.items() if key != "type")
        return f"{value.get('type', '')} ({rest})".strip() if rest else str(value.get("type", ""))
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value)) or "none"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)


def _averaged(points: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """At most _MAX_POINTS points of a curve, each the mean of neighbours.

    >>> _averaged(((1, 4.0), (2, 2.0)))
    [(1.0, 4.0), (2.0, 2.0)]
    """
    size = -(-len(points) // _MAX_POINTS)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(x for x, _ in one) / len(one), sum(y for _, y in one) / len(one)) for one in groups]


def _data(card: Card) -> Section:
    fingerprint = card.trained.data or card.history.data
    known: list[CardPart] = [FactList([("fingerprint", fingerprint)])] if fingerprint else []
    return Section("Training data", [_field(card.about, "data_source"), _field(card.about, "data_license"), *known])


def _usage(card: Card) -> Section:
    name = visible(card.file.name)
    command = f"unetkit predict {quote(name)} images/ -o labels/"
    text = json.dumps(name, ensure_ascii=False)
    python = f"import unetkit\n\nmodel = unetkit.load_model({text})  # a torch.nn.Module"
    note = "The file has the normalization of images and the class names. Opening it does not execute any code in it."
    return Section("How to use it", [CodeBlock(command, "sh"), CodeBlock(python, "python"), Paragraphs(note)])


def _origin(card: Card) -> Section:
    about, file = card.about, card.file
    given = [(name, text) for name in _ORIGIN if (text := getattr(about, name))]
    missing = [MissingField(name, _HINTS[name]) for name in _ORIGIN if name in about.missing]
    rows = [*given, ("file", file.name), ("bytes", f"{file.bytes:,}"), ("SHA-256", file.sha256)]
    rows += [(f"made with {name}", version) for name, version in file.requirements.items()]
    return Section("Licence and origin", [*missing, FactList(rows)])
