"""A card as one HTML page that stands alone: nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from unetkit.data.pairs import Colour
from unetkit.page import (
    Cell,
    ChartAxis,
    ChartLine,
    Column,
    Markup,
    chart,
    document,
    element,
    join,
    picture,
    scale,
    section,
    table,
)
from unetkit.scoring.figure import PANELS
from unetkit.trained.card.card import Card
from unetkit.trained.card.content import Code, Curve, FactTable, Gap, NetworkDrawing, Part, PictureGrid, Pictures, Prose
from unetkit.trained.card.sections import lead, sections


def to_html(card: Card) -> str:
    """Returns the page."""
    found = sections(card)
    links = [element("li", element("a", one.title, href=f"#{one.anchor}")) for one in found]
    return document(
        card.title,
        element("h1", card.title),
        element("p", lead(card), class_="lead"),
        element("nav", element("ul", *links, class_="contents")),
        *(section(one.title, *map(shown, one.parts), anchor=one.anchor, lead=one.lead) for one in found),
    )


def shown(part: Part) -> Markup:
    """Returns a part as HTML."""
    return SHOWN[type(part)](part)


def prose(part: Prose) -> Markup:
    """Returns paragraphs."""
    return join(element("p", text.strip()) for text in part.text.split("\n\n") if text.strip())


def gap(part: Gap) -> Markup:
    """Returns what is missing, marked."""
    return element("p", element("span", "Not filled in", class_="mark"), f" {part.field}: {part.about}.")


def facts(part: FactTable) -> Markup:
    """Returns names and values."""
    return element("dl", *(join([element("dt", name), element("dd", value)]) for name, value in part.rows))


def grid(part: PictureGrid) -> Markup:
    """Returns a table."""
    columns = [Column(title, number=index > 0 and not part.words) for index, title in enumerate(part.columns)]
    rows = [[Cell(text) for text in row] for row in part.rows]
    for row, colour in zip(rows, part.colours, strict=False):
        row[0] = Cell(join([swatch(colour), row[0].content]))
    return table(columns, rows, caption=part.caption, sortable=False)


def swatch(colour: Colour) -> Markup:
    """Returns a small square of a colour."""
    red, green, blue = colour
    return element("span", class_="swatch", style=f"background:rgb({red},{green},{blue})")


def drawing(part: NetworkDrawing) -> Markup:
    """Returns an SVG in place."""
    return element("div", Markup(part.svg), class_="drawing", tabindex="0", role="region", aria_label=part.description)


def curve(part: Curve) -> Markup:
    """Returns a chart over the steps of a training."""
    steps, values = zip(*part.points, strict=True)
    told = f"{part.title} from {values[0]:.3g} at step {steps[0]:,.0f} to {values[-1]:.3g} at step {steps[-1]:,.0f}"
    drawn = chart(
        ChartAxis(scale(steps), "step"), ChartAxis(scale(values), part.title), [ChartLine(part.points)], title=told
    )
    return element("figure", drawn, element("figcaption", told, class_="note"))


def pictures(part: Pictures) -> Markup:
    """Returns labelled images, each with its panels beside one another, and the classes below."""
    shown = []
    for example in part.examples:
        panels = zip(PANELS, example.panels(part.colours), strict=True)
        row = [
            element(
                "figure", picture(png(panel), f"{example.name}: {name}"), element("figcaption", name, class_="note")
            )
            for name, panel in panels
        ]
        note = element("span", f"  {example.note}", class_="note")
        shown.append(join([element("h3", example.name, note), element("div", *row, class_="panels")]))
    classes = [join([swatch(part.colours[index % len(part.colours)]), name]) for index, name in enumerate(part.classes)]
    return join([*shown, element("p", *classes, class_="note")])


def png(image: Image.Image) -> bytes:
    """Returns an image as PNG data."""
    data = BytesIO()
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


def code(part: Code) -> Markup:
    """Returns a text as it is written."""
    written = element("pre", element("code", part.text.rstrip()), tabindex="0")
    return element("details", element("summary", part.folded), written) if part.folded else written


SHOWN: dict[type[Any], Callable[[Any], Markup]] = {
    Prose: prose,
    Gap: gap,
    FactTable: facts,
    PictureGrid: grid,
    NetworkDrawing: drawing,
    Curve: curve,
    Pictures: pictures,
    Code: code,
}
