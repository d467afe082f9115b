"""A page with the drawings of many shipped specs and their facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from unetkit.draw import drawing_style, small_svg, svg
from unetkit.language.headers import ShippedSpec
from unetkit.page import Cell, Column, Markup, document, element, join, section, table
from unetkit.planning import SizedPlan
from unetkit.wording import magnitude, plural, size_text

_TITLE = "Networks as specs"
_COLUMNS = (
    Column("spec"),
    Column("family"),
    Column("dims", number=True),
    Column("parameters", number=True),
    Column("MACs", number=True),
    Column("at size"),
    Column("receptive field", number=True),
    Column("verified"),
)


def gallery(found: Sequence[tuple[ShippedSpec, SizedPlan]]) -> str:
    """The page: a sortable table of facts, then the networks of each family, each with its drawing."""
    rows = [_row(spec) for spec, _ in found]
    facts = table(_COLUMNS, rows, caption="Select a heading to sort by it.")
    families = groupby(sorted(found, key=lambda pair: pair[0].family), key=lambda pair: pair[0].family)
    return document(
        _TITLE,
        element("style", Markup(drawing_style())),
        element("h1", _TITLE),
        element("p", f"{plural(len(found), 'network')}, each a YAML file that unetkit ships.", class_="lead"),
        section("Facts", facts, anchor="facts"),
        *(section(family, *_figures(list(pairs)), anchor=f"family-{family}") for family, pairs in families),
    )


def _figures(pairs: Sequence[tuple[ShippedSpec, SizedPlan]]) -> Iterator[Markup]:
    """Yields the small drawings side by side, then the whole ones, each folded."""
    yield element("div", *(_small(spec, plan) for spec, plan in pairs), class_="charts")
    for spec, plan in pairs:
        name = f"drawing of {spec.name}"
        frame = element("div", _inline(svg(plan)), class_="drawing", tabindex="0", role="region", aria_label=name)
        yield element("details", element("summary", f"{spec.name}: the whole {name.partition(' ')[0]}"), frame)


def _small(spec: ShippedSpec, plan: SizedPlan) -> Markup:
    """A network's name, drawing, facts and sources."""
    facts = spec.facts
    numbers = f"{facts.parameters:,} parameters, {magnitude(facts.macs)}MACs at {size_text(facts.inputs[0].size)}"
    verified = spec.verified if spec.verified.startswith("not ") else f"Verified: {spec.verified}"
    texts = (spec.about, numbers, spec.paper, verified)
    captions = [element("figcaption", text, class_="note") for text in texts if text]
    return element("figure", element("h3", spec.name), _inline(small_svg(plan)), *captions, id=spec.name)


def _row(spec: ShippedSpec) -> list[Cell]:
    facts = spec.facts
    widths = [width for width in facts.receptive_field if width is not None]
    field = size_text(width or "whole" for width in facts.receptive_field) if widths else "whole image"
    return [
        Cell(element("a", spec.name, href=f"#{spec.name}"), value=spec.name),
        Cell(spec.family),
        Cell(f"{spec.dims}D", value=spec.dims),
        Cell(f"{facts.parameters:,}", value=facts.parameters),
        Cell(magnitude(facts.macs), value=facts.macs),
        Cell(size_text(facts.inputs[0].size)),
        Cell(field, value=max(widths) if len(widths) == spec.dims else 1 << 30),
        Cell(spec.verified, look="long"),
    ]


def _inline(text: str) -> Markup:
    """A drawing without its style sheet, which the page has once."""
    return join([Markup(re.sub(r"<style>.*?</style>\n?", "", text, flags=re.DOTALL))])
