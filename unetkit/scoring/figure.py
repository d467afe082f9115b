"""A picture of what a network sees, what is there, and what it says: image | truth | prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unetkit import draw
from unetkit.data import UNLABELLED, Pair

# Okabe & Ito (2008): told apart with any colour vision. Class 0 is black.
COLOURS = (
    (0, 0, 0),
    (86, 180, 233),
    (230, 159, 0),
    (240, 228, 66),
    (0, 158, 115),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
MASKED = (90, 90, 90)
INK, FAINT, PAPER = (28, 28, 30), (110, 110, 115), (255, 255, 255)
PANEL = 360  # pixels, the least width of one panel
GAP, MARGIN, LINE = 12, 28, 26
FONTS = Path(draw.__file__).parent / "fonts"


def figure(
    rows: list[tuple[Pair, NDArray[np.int64]]], classes: tuple[str, ...], title: str, subtitle: str
) -> Image.Image:
    """Returns a picture with one row for each pair (2D) and its predicted labels; the classes are named below."""
    height, width = rows[0][0].size
    zoom = max(1, round(PANEL / width))
    panel_width, panel_height = width * zoom, height * zoom
    top = MARGIN + 2 * LINE + 34
    picture = Image.new(
        "RGB",
        (2 * MARGIN + 3 * panel_width + 2 * GAP, top + len(rows) * (panel_height + GAP) + LINE + MARGIN),
        PAPER,
    )
    pen = ImageDraw.Draw(picture)
    pen.text((MARGIN, MARGIN - 6), title, INK, font(22, bold=True))
    pen.text((MARGIN, MARGIN + LINE), subtitle, FAINT, font(15))
    for column, name in enumerate(("image", "truth", "prediction")):
        pen.text((MARGIN + column * (panel_width + GAP), top - 24), name, INK, font(16, bold=True))
    for row, (pair, predicted) in enumerate(rows):
        y = top + row * (panel_height + GAP)
        for column, panel in enumerate((grey_levels(pair), coloured(pair.labels), coloured(predicted))):
            enlarged = panel.resize((panel_width, panel_height), Image.Resampling.NEAREST)
            picture.paste(enlarged, (MARGIN + column * (panel_width + GAP), y))
        pen.text((MARGIN + 8, y + 6), pair.name, PAPER, font(14))
    legend(pen, classes, (MARGIN, top + len(rows) * (panel_height + GAP) + 4))
    return picture


def legend(pen: ImageDraw.ImageDraw, classes: tuple[str, ...], at: tuple[int, int]) -> None:
    """Draws a square of each class's colour with its name, from left to right."""
    x, y = at
    for index, name in enumerate(classes):
        pen.rectangle((x, y, x + 18, y + 18), COLOURS[index % len(COLOURS)], FAINT)
        pen.text((x + 26, y), name, INK, font(15))
        x += round(26 + pen.textlength(name, font(15)) + 28)


def grey_levels(pair: Pair) -> Image.Image:
    """Returns the image of a pair, its darkest 0.5 % black and its brightest 0.5 % white."""
    low, high = np.percentile(pair.image, (0.5, 99.5))
    pixels = np.clip((pair.image - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels.transpose(1, 2, 0) if len(pixels) == 3 else pixels[0])


def coloured(labels: NDArray[np.int64]) -> Image.Image:
    """Returns labels (height, width) in the colours of their classes."""
    palette = np.array(COLOURS, np.uint8)
    pixels = palette[labels % len(COLOURS)]
    pixels[labels == UNLABELLED] = MASKED
    return Image.fromarray(pixels)


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Returns the font of the drawings."""
    return ImageFont.truetype(FONTS / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
