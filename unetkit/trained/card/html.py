"""A card as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from unetkit.data.pairs import Colour
from unetkit.page import (
    POLICY,
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
)
from unetkit.page import section as page_section
from unetkit.page import table as page_table
from unetkit.scoring.figure import PANELS
from unetkit.trained.card.card import Card
from unetkit.trained.card.content import (
    CardTable,
    CodeBlock,
    ExamplePanels,
    FactList,
    MissingField,
    NetworkDrawing,
    Paragraphs,
    TrainingCurve,
)
from unetkit.trained.card.sections import lead, sections


def to_html(card: Card) -> str:
    """The page."""
    found = sections(card)
    links = [element("li", element("a", one.title, href=f"#{one.anchor}")) for one in found]
    parts = ((one, [_WRITERS[type(part)](part) for part in one.parts]) for one in found)
    written = [page_section(one.title, *body, anchor=one.anchor, lead=one.lead) for one, body in parts]
    policy = POLICY
    if card.embedded is not None:
        links.insert(0, element("li", element("a", card.embedded.title, href="#try-it")))
        written.insert(
            0, page_section(card.embedded.title, card.embedded.content(), anchor="try-it", lead=card.embedded.lead)
        )
        policy = card.embedded.policy
    return document(
        card.title,
        element("h1", card.title),
        element("p", lead(card), class_="lead"),
        element("nav", element("ul", *links, class_="contents")),
        *written,
        policy=policy,
    )


def _paragraphs(part: Paragraphs) -> Markup:
    return join(element("p", text.strip()) for text in part.text.split("\n\n") if text.strip())


def _missing_field(part: MissingField) -> Markup:
    return element("p", element("span", "Not filled in", class_="mark"), f" {part.field}: {part.about}.")


def _facts(part: FactList) -> Markup:
    return element("dl", *(join([element("dt", name), element("dd", value)]) for name, value in part.rows))


def _table(part: CardTable) -> Markup:
    columns = [Column(title, number=index > 0 and not part.words) for index, title in enumerate(part.columns)]
    rows = [[Cell(text) for text in row] for row in part.rows]
    for row, colour in zip(rows, part.colours, strict=False):
        row[0] = Cell(join([_swatch(colour), row[0].content]))
    return page_table(columns, rows, caption=part.caption, sortable=False)


def _swatch(colour: Colour) -> Markup:
    red, green, blue = colour
    return element("span", class_="swatch", style=f"background:rgb({red},{green},{blue})")


def _drawing(part: NetworkDrawing) -> Markup:
    return element("div", Markup(part.svg), class_="drawing", tabindex="0", role="region", aria_label=part.description)


def _curve(part: TrainingCurve) -> Markup:
    steps, values = zip(*part.points, strict=True)
    caption = f"{part.title} from {values[0]:.3g} at step {steps[0]:,.0f} to {values[-1]:.3g} at step {steps[-1]:,.0f}"
    x, y = ChartAxis(scale(steps), "step"), ChartAxis(scale(values), part.title)
    drawn = chart(x, y, [ChartLine(part.points)], title=caption)
    return element("figure", drawn, element("figcaption", caption, class_="note"))


def _panels(part: ExamplePanels) -> Markup:
    """Each example as a row of panels, and the classes below."""
    rows = []
    for example in part.examples:
        figures = [
            element(
                "figure", picture(png(panel), f"{example.name}: {name}"), element("figcaption", name, class_="note")
            )
            for name, panel in zip(PANELS, example.panels(part.colours), strict=True)
        ]
        note = element("span", f"  {example.note}", class_="note")
        rows.append(join([element("h3", example.name, note), element("div", *figures, class_="panels")]))
    colours = (part.colours[index % len(part.colours)] for index in range(len(part.classes)))
    classes = [join([_swatch(colour), name]) for colour, name in zip(colours, part.classes, strict=True)]
    return join([*rows, element("p", *classes, class_="note")])


def png(image: Image.Image) -> bytes:
    """An image as PNG data."""
    data = BytesIO()
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


def _code(part: CodeBlock) -> Markup:
    block = element("pre", element("code", part.text.rstrip()), tabindex="0")
    return element("details", element("summary", part.folded), block) if part.folded else block


_WRITERS: dict[type[Any], Callable[[Any], Markup]] = {
    Paragraphs: _paragraphs,
    MissingField: _missing_field,
    FactList: _facts,
    CardTable: _table,
    NetworkDrawing: _drawing,
    TrainingCurve: _curve,
    ExamplePanels: _panels,
    CodeBlock: _code,
}
