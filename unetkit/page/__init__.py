"""Self-contained HTML pages, for light and dark mode, any width, and print.

A page consists of elements (`element` escapes every text), sortable tables, and charts whose text does not scale.
"""

from __future__ import annotations

from unetkit.page.cell import notebook_cell, plain_table
from unetkit.page.chart import ChartAxis, ChartLine, Point, chart, marks
from unetkit.page.document import POLICY, document, section
from unetkit.page.element import Markup, breakable, element, join, picture
from unetkit.page.scale import ChartScale, scale
from unetkit.page.table import Cell, Column, table

__all__ = [
    "POLICY",
    "Cell",
    "ChartAxis",
    "ChartLine",
    "ChartScale",
    "Column",
    "Markup",
    "Point",
    "breakable",
    "chart",
    "document",
    "element",
    "join",
    "marks",
    "notebook_cell",
    "picture",
    "plain_table",
    "scale",
    "section",
    "table",
]
