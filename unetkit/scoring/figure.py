"""A picture of what a network sees, what is there, and what it says: image | truth | prediction | wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unetkit import draw
from unetkit.data import UNLABELLED, Pair
from unetkit.data.labels.colours import COLOURS
from unetkit.data.pairs import Colour

MASKED, WRONG = (90, 90, 90), (255, 45, 85)
INK, FAINT, PAPER = (28, 28, 30), (110, 110, 115), (255, 255, 255)
PANELS = ("image", "truth", "prediction", "wrong")
PANEL = 300  # pixels, about the longer side of a panel; twice as much at most
STRIP = 48  # rows that a curve is shown with
GAP, MARGIN, LINE, TOP = 12, 28, 26, 34
FONTS = Path(draw.__file__).parent / "fonts"


@dataclass(frozen=True)
class Example:
    """An image (channels, height, width) with its true and its predicted labels; `note` stands beside its name."""

    name: str
    image: NDArray[np.float32]
    truth: NDArray[np.integer]
    predicted: NDArray[np.integer]
    note: str = ""

    @classmethod
    def of(cls, pair: Pair, predicted: NDArray[np.integer], note: str = "") -> Self:
        """Returns a pair as a picture: of a volume the slice with the most wrong pixels, of a curve a strip."""
        image, truth = pair.image, pair.labels
        if truth.ndim == 3:
            wrong = ((predicted != truth) & (truth != UNLABELLED)).sum((1, 2))
            worst = int(wrong.argmax()) if wrong.any() else len(wrong) // 2
            note = ", ".join(filter(None, (f"slice {worst + 1} of {len(wrong)}", note)))
            image, truth, predicted = image[:, worst], truth[worst], predicted[worst]
        elif truth.ndim == 1:
            image = np.repeat(image[:, None], STRIP, 1)
            truth, predicted = (np.repeat(one[None], STRIP, 0) for one in (truth, predicted))
        return cls(pair.name, image, truth, predicted, note)

    def panels(self, colours: Sequence[Colour] = COLOURS) -> list[Image.Image]:
        """Returns the four pictures that PANELS names, enlarged by a whole factor to about PANEL pixels, or shrunk."""
        grey = grey_levels(self.image)
        known = self.truth != UNLABELLED
        wrong = np.asarray(grey.convert("RGB"), np.uint8) // 2
        wrong[(self.truth != self.predicted) & known] = WRONG
        made = (grey, coloured(self.truth, colours), coloured(self.predicted, colours), Image.fromarray(wrong))
        longest = max(grey.size)
        zoom = min(max(1, round(PANEL / longest)), 2 * PANEL / longest)
        width, height = (max(1, round(length * zoom)) for length in grey.size)
        return [one.resize((width, height), Image.Resampling.NEAREST) for one in made]


def figure(
    rows: Sequence[Example],
    classes: Sequence[str],
    title: str,
    subtitle: str,
    colours: Sequence[Colour] = COLOURS,
) -> Image.Image:
    """Returns a picture with one row for each example; the classes are named below."""
    drawn = [one.panels(colours) for one in rows]
    column = max(panel.width for panels in drawn for panel in panels) + GAP
    heights = [panels[0].height + LINE + GAP for panels in drawn]
    width = max(2 * MARGIN + len(PANELS) * column - GAP, legend_width(classes) + 2 * MARGIN)
    top = MARGIN + 2 * LINE + TOP
    picture = Image.new("RGB", (width, top + sum(heights) + LINE + MARGIN), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((MARGIN, MARGIN - 6), title, INK, font(22, bold=True))
    pen.text((MARGIN, MARGIN + LINE), subtitle, FAINT, font(15))
    for index, name in enumerate(PANELS):
        pen.text((MARGIN + index * column, top - 26), name, INK, font(16, bold=True))
    y = top
    for example, panels, height in zip(rows, drawn, heights, strict=True):
        for index, panel in enumerate(panels):
            picture.paste(panel, (MARGIN + index * column, y))
        label = f"{example.name}   {example.note}" if example.note else example.name
        pen.text((MARGIN, y + panels[0].height + 3), label, FAINT, font(14))
        y += height
    legend(pen, classes, colours, (MARGIN, y + 4))
    return picture


def legend(pen: ImageDraw.ImageDraw, classes: Sequence[str], colours: Sequence[Colour], at: tuple[int, int]) -> None:
    """Draws a square of each class's colour with its name, from left to right."""
    x, y = at
    for index, name in enumerate(classes):
        pen.rectangle((x, y, x + 18, y + 18), colours[index % len(colours)], FAINT)
        pen.text((x + 26, y), name, INK, font(15))
        x += entry_width(name)


def entry_width(name: str) -> int:
    """Returns the pixels that a class takes in the legend."""
    return round(26 + font(15).getlength(name) + 28)


def legend_width(classes: Sequence[str]) -> int:
    """Returns the pixels that all classes take in the legend."""
    return sum(map(entry_width, classes))


def grey_levels(image: NDArray[Any]) -> Image.Image:
    """Returns an image (channels, height, width), its darkest 0.5 % black and its brightest 0.5 % white.

    Three channels are shown as colours, of any other number the first.
    """
    low, high = np.percentile(image, (0.5, 99.5))
    pixels = np.clip((image - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)) if len(pixels) == 3 else pixels[0])


def coloured(labels: NDArray[np.integer], colours: Sequence[Colour] = COLOURS) -> Image.Image:
    """Returns labels (height, width) in the colours of their classes."""
    palette = np.array(colours, np.uint8)
    pixels = palette[labels % len(palette)]
    pixels[labels == UNLABELLED] = MASKED
    return Image.fromarray(pixels)


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Returns the font of the drawings."""
    return ImageFont.truetype(FONTS / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
