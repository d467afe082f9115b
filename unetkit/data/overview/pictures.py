"""Pictures of data: contact sheets with images beside their labels, and PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unetkit import draw
from unetkit.data.data_keys import Colour
from unetkit.data.pairs import UNLABELLED, Pair, Pairs, Splits
from unetkit.writing import write_whole

COLUMNS = 4
_TILE = 220  # pixels, the width and the height of an image at most
GAP, MARGIN, LINE = 10, 24, 20
_STRIP = 48  # rows that a curve is shown with
INK, FAINT, PAPER, MASKED = (28, 28, 30), (110, 110, 115), (255, 255, 255), (90, 90, 90)
_FONTS = Path(draw.__file__).parent / "fonts"


def write_image(image: Image.Image, file: Path) -> None:
    """Writes an image as PNG, completely or not at all."""
    png = BytesIO()
    image.save(png, "PNG", optimize=True)
    write_whole(file, png.getvalue())


def write_contact_sheet(file: Path, splits: Splits, name: str, count: int) -> None:
    """Writes a contact sheet of at most `count` pairs, evenly spaced in the order of their names."""
    parts = (splits.train, splits.validation, splits.test)
    places = sorted((pair, part, index) for part, pairs in enumerate(parts) for index, pair in enumerate(pairs.names))
    chosen = [places[index * len(places) // count] for index in range(count)] if len(places) > count else places
    title = f"{name or 'data'}: {len(chosen)} of {len(places)} pairs"
    write_image(_contact_sheet([parts[part][index] for _, part, index in chosen], splits.train, title), file)


def _contact_sheet(items: Sequence[Pair], pairs: Pairs, title: str) -> Image.Image:
    """A picture of some pairs, each image with its labels to the right, and a legend of the classes below.

    A volume is shown by the slice with the most classes. `pairs` gives the classes and their colours.
    """
    tiles = [_tile(pair, pairs.colours) for pair in items]
    columns = min(COLUMNS, len(tiles))
    wide, high = 2 * _TILE + 4, max(picture.height for picture in tiles) + LINE
    rows = ceil(len(tiles) / columns)
    width = 2 * MARGIN + columns * (wide + GAP) - GAP
    names = _legend_lines(pairs.classes, width - 2 * MARGIN)
    height = 2 * MARGIN + 2 * LINE + rows * (high + GAP) + len(names) * 26
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN - 8), title, INK, _font(17, bold=True))
    for index, (pair, picture) in enumerate(zip(items, tiles, strict=True)):
        x = MARGIN + index % columns * (wide + GAP)
        y = MARGIN + 2 * LINE + index // columns * (high + GAP)
        pen.text((x, y - 4), _shorten(pen, pair.name, wide), FAINT, _font(12))
        sheet.paste(picture, (x, y + LINE - 4))
    for row, line in enumerate(names):
        x = MARGIN
        y = MARGIN + 2 * LINE + rows * (high + GAP) + row * 26
        for number in line:
            pen.rectangle((x, y, x + 16, y + 16), pairs.colours[number], FAINT)
            pen.text((x + 23, y), pairs.classes[number], INK, _font(13))
            x += _legend_width(pairs.classes[number])
    return sheet


def _legend_width(name: str) -> int:
    """The width of a class in the legend."""
    return round(_font(13).getlength(name)) + 46


def _legend_lines(classes: tuple[str, ...], width: int) -> list[list[int]]:
    """The numbers of the classes on each line of the legend."""
    lines: list[list[int]] = [[]]
    left = width
    for number, name in enumerate(classes):
        if lines[-1] and left < _legend_width(name):
            lines.append([])
            left = width
        lines[-1].append(number)
        left -= _legend_width(name)
    return lines


def _shorten(pen: ImageDraw.ImageDraw, name: str, width: int) -> str:
    """A name that fits the width, without its middle if it is too long."""
    whole = name
    while len(name) > 8 and pen.textlength(name, _font(12)) > width:
        keep = (len(name) - 2) // 2
        name = f"{whole[:keep]}…{whole[len(whole) - keep :]}"
    return name


def _tile(pair: Pair, colours: tuple[Colour, ...]) -> Image.Image:
    """An image beside its labels."""
    image, labels = _as_2d(pair)
    height, width = labels.shape
    zoom = min(_TILE / width, _TILE / height)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    picture = Image.new("RGB", (2 * _TILE + 4, size[1]), PAPER)
    smooth = Image.Resampling.BOX if zoom < 1 else Image.Resampling.NEAREST
    picture.paste(_to_rgb(image).resize(size, smooth), (0, 0))
    picture.paste(_colour(labels, colours).resize(size, Image.Resampling.NEAREST), (size[0] + 4, 0))
    return picture


def _as_2d(pair: Pair) -> tuple[NDArray[np.float32], NDArray[np.integer]]:
    """The image and the labels of a pair in 2D: the slice of a volume with the most classes, a curve as a strip."""
    image, labels = pair.image, pair.labels
    if labels.ndim == 3:
        richest = max(range(len(labels)), key=lambda z: (len(np.unique(labels[z])), int((labels[z] > 0).sum())))
        return image[:, richest], labels[richest]
    if labels.ndim == 1:
        return np.repeat(image[:, None], _STRIP, 1), np.repeat(labels[None], _STRIP, 0)
    return image, labels


def _to_rgb(image: NDArray[np.float32]) -> Image.Image:
    """An image (channels, height, width) with its darkest 0.5 % black and its brightest 0.5 % white."""
    low, high = np.percentile(image, (0.5, 99.5))
    pixels = np.clip((image - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels.transpose(1, 2, 0) if len(pixels) == 3 else pixels[0]).convert("RGB")


def _colour(labels: NDArray[np.integer], colours: tuple[Colour, ...]) -> Image.Image:
    """Labels (height, width) in the colours of their classes."""
    palette = np.array(colours, np.uint8)
    pixels = palette[np.where(labels == UNLABELLED, 0, labels)]
    pixels[labels == UNLABELLED] = MASKED
    return Image.fromarray(pixels)


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font of the drawings."""
    return ImageFont.truetype(_FONTS / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
