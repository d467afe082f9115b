"""Pages in HTML that stand alone: nothing is fetched, light and dark, narrow and wide, on screen and on paper.

A page is made of elements (`element` escapes every text), tables that sort, and charts whose text never shrinks.
"""

from __future__ import annotations

from unetkit.page.chart import ChartAxis, ChartLine, Point, chart, marks
from unetkit.page.document import document, section
from unetkit.page.element import Markup, breakable, element, join
from unetkit.page.picture import picture
from unetkit.page.scale import ChartScale, scale
from unetkit.page.table import Cell, Column, table

__all__ = [
    "ChartAxis",
    "Cell",
    "Column",
    "ChartLine",
    "Markup",
    "Point",
    "ChartScale",
    "breakable",
    "chart",
    "document",
    "element",
    "join",
    "marks",
    "picture",
    "scale",
    "section",
    "table",
]
