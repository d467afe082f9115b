"""Figures of predictions: image | truth | prediction | wrong pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from unetkit import draw
from unetkit.data import UNLABELLED, Pair, Pairs, Preprocessing
from unetkit.data.labels.classes import COLOURS
from unetkit.data.pairs import Colour
from unetkit.scoring.metrics import METRICS
from unetkit.scoring.scores import Scores
from unetkit.scoring.scoring import label

_MASKED, _WRONG = (90, 90, 90), (255, 45, 85)
_INK, _FAINT, _PAPER = (28, 28, 30), (110, 110, 115), (255, 255, 255)
PANELS = ("image", "truth", "prediction", "wrong")
_PANEL = 300
"""Approximate longer side of a panel in pixels; at most twice as much."""
_STRIP = 48
"""Height in pixels of a 1D image."""
_GAP, _MARGIN, _LINE, _TOP = 12, 28, 26, 34
_FONTS = Path(draw.__file__).parent / "fonts"


@dataclass(frozen=True)
class Example:
    """An image (channels, height, width) with its true and predicted labels, and a note beside its name."""

    name: str
    image: NDArray[np.float32]
    truth: NDArray[np.integer]
    predicted: NDArray[np.integer]
    note: str = ""

    @classmethod
    def of(cls, pair: Pair, predicted: NDArray[np.integer], note: str = "") -> Self:
        """The example of a pair: the slice of a volume with the most wrong pixels, or a strip for a 1D image."""
        image, truth = pair.image, pair.labels
        if truth.ndim == 3:
            wrong = ((predicted != truth) & (truth != UNLABELLED)).sum((1, 2))
            worst = int(wrong.argmax()) if wrong.any() else len(wrong) // 2
            note = ", ".join(filter(None, (f"slice {worst + 1} of {len(wrong)}", note)))
            image, truth, predicted = image[:, worst], truth[worst], predicted[worst]
        elif truth.ndim == 1:
            image = np.repeat(image[:, None], _STRIP, 1)
            truth, predicted = (np.repeat(one[None], _STRIP, 0) for one in (truth, predicted))
        return cls(pair.name, image, truth, predicted, note)

    def panels(self, colours: Sequence[Colour] = COLOURS) -> list[Image.Image]:
        """The four pictures of PANELS, enlarged by a whole factor or shrunk to about the same size."""
        grey = _grey_levels(self.image)
        known = self.truth != UNLABELLED
        wrong = np.asarray(grey.convert("RGB"), np.uint8) // 2
        wrong[(self.truth != self.predicted) & known] = _WRONG
        pictures = (grey, _coloured(self.truth, colours), _coloured(self.predicted, colours), Image.fromarray(wrong))
        longest = max(grey.size)
        zoom = min(max(1, round(_PANEL / longest)), 2 * _PANEL / longest)
        width, height = (max(1, round(length * zoom)) for length in grey.size)
        return [one.resize((width, height), Image.Resampling.NEAREST) for one in pictures]


def figure(
    rows: Sequence[Example],
    classes: Sequence[str],
    title: str,
    subtitle: str,
    colours: Sequence[Colour] = COLOURS,
) -> Image.Image:
    """A picture with one row for each example, and a legend of the classes."""
    drawn = [one.panels(colours) for one in rows]
    column = max(panel.width for panels in drawn for panel in panels) + _GAP
    heights = [panels[0].height + _LINE + _GAP for panels in drawn]
    width = max(2 * _MARGIN + len(PANELS) * column - _GAP, sum(map(_entry_width, classes)) + 2 * _MARGIN)
    top = _MARGIN + 2 * _LINE + _TOP
    picture = Image.new("RGB", (width, top + sum(heights) + _LINE + _MARGIN), _PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((_MARGIN, _MARGIN - 6), title, _INK, _font(22, bold=True))
    pen.text((_MARGIN, _MARGIN + _LINE), subtitle, _FAINT, _font(15))
    for index, name in enumerate(PANELS):
        pen.text((_MARGIN + index * column, top - 26), name, _INK, _font(16, bold=True))
    y = top
    for example, panels, height in zip(rows, drawn, heights, strict=True):
        for index, panel in enumerate(panels):
            picture.paste(panel, (_MARGIN + index * column, y))
        label = f"{example.name}   {example.note}" if example.note else example.name
        pen.text((_MARGIN, y + panels[0].height + 3), label, _FAINT, _font(14))
        y += height
    _legend(pen, classes, colours, (_MARGIN, y + 4))
    return picture


def _legend(pen: ImageDraw.ImageDraw, classes: Sequence[str], colours: Sequence[Colour], at: tuple[int, int]) -> None:
    """Draws the colour and name of each class, from left to right."""
    x, y = at
    for index, name in enumerate(classes):
        pen.rectangle((x, y, x + 18, y + 18), colours[index % len(colours)], _FAINT)
        pen.text((x + 26, y), name, _INK, _font(15))
        x += _entry_width(name)


def _entry_width(name: str) -> int:
    """The width of a class in the legend, in pixels."""
    return round(26 + _font(15).getlength(name) + 28)


def _grey_levels(image: NDArray[Any]) -> Image.Image:
    """An image (channels, height, width) with the darkest 0.5 % black and the brightest 0.5 % white.

    Three channels are shown as colours; otherwise the first is shown.
    """
    low, high = np.percentile(image, (0.5, 99.5))
    pixels = np.clip((image - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)) if len(pixels) == 3 else pixels[0])


def _coloured(labels: NDArray[np.integer], colours: Sequence[Colour] = COLOURS) -> Image.Image:
    """Labels (height, width) in the colours of their classes."""
    palette = np.array(colours, np.uint8)
    pixels = palette[labels % len(palette)]
    pixels[labels == UNLABELLED] = _MASKED
    return Image.fromarray(pixels)


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font of the drawings."""
    return ImageFont.truetype(_FONTS / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)


def worst_examples(
    model: nn.Module, pairs: Pairs, preprocessing: Preprocessing, scores: Scores, count: int
) -> list[Example]:
    """The images that are worst by the first metric of the scores, predicted again, worst first."""
    metric = scores.metrics[0]
    table = scores.table(metric)
    indices = scores.worst(count, metric)
    labelled = label(model, [pairs[index] for index in indices], preprocessing)
    return [
        Example.of(pair, labels, f"{METRICS[metric].title} {_values(scores.classes, table[index])}")
        for index, (pair, labels) in zip(indices, labelled, strict=True)
    ]


def _values(classes: Sequence[str], row: NDArray[np.float64], most: int = 4) -> str:
    """The values of an image by class; of many classes only the worst.

    >>> _values(("a", "b", "c"), np.array([0.98, 0.5, np.nan]))
    'a .980, b .500'
    """
    known = [index for index in range(len(classes)) if np.isfinite(row[index])]
    shown = known if len(known) <= most else sorted(sorted(known, key=lambda index: float(row[index]))[:most])
    return ", ".join(f"{classes[index]} {f'{row[index]:.3f}'.removeprefix('0')}" for index in shown)
