"""Drawings of the arms' networks, with the differences from the base highlighted."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from unetkit.comparison import changed_components
from unetkit.draw import svg
from unetkit.errors import SizeError, UnetkitError
from unetkit.language import from_text, to_text
from unetkit.page import Markup, element
from unetkit.planning import natural_size, plan
from unetkit.study.report.tables import changes
from unetkit.study.report.view import View
from unetkit.study.results.collecting import refuse
from unetkit.study.results.results import ArmFacts

if TYPE_CHECKING:
    from unetkit.planning import Plan

_MOST = 12
"""Largest number of drawings."""


def drawings(view: View) -> Markup:
    """The drawings of the base and of the arms with a different network."""
    base = planned(view.facts[view.base])
    parts = []
    for name in view.shown(_MOST):
        arm = view.facts[name]
        network = planned(arm)
        if network and base and name != view.base and network.digest == base.digest:
            parts.append(figure(arm, "Its network is that of the base."))
        elif network:
            parts.append(figure(arm, drawing(arm, network, changed_components(base, network) if base else ())))
        else:
            parts.append(figure(arm, "Its spec is not in the results."))
    hidden = sum(not arm.skipped for arm in view.results.arms) - len(parts)
    if hidden > 0:
        parts.append(element("p", f"{hidden:,} further arms are not drawn.", class_="note"))
    return element("div", *parts, class_="drawings")


def planned(arm: ArmFacts) -> Plan | None:
    """The plan of an arm; None where its spec is unknown or no longer valid."""
    if arm.spec is None:
        return None
    try:
        return plan(from_text(to_text(arm.spec()), arm.name, find=refuse))
    except UnetkitError:
        return None


def figure(arm: ArmFacts, drawn: str) -> Markup:
    """One drawing, or the reason why there is none, with its heading."""
    heading = [element("h3", arm.name), element("p", changes(arm), class_="note") if arm.differences else Markup("")]
    if not isinstance(drawn, Markup):
        return element("figure", *heading, element("p", drawn, class_="note"))
    frame = element("div", drawn, class_="drawing", tabindex="0", role="region", aria_label=f"drawing of {arm.name}")
    return element("figure", *heading, frame)


def drawing(arm: ArmFacts, network: Plan, marked: Collection[str]) -> str:
    """The drawing at the input size of its costs; a message where that size does not fit."""
    size = arm.input_size or natural_size(network)
    try:
        text = svg(network.at(size), title=arm.name, marked=marked)
    except SizeError as error:
        return error.faults[0].message
    return Markup(_enlarged(re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)))  # the page has it, once


def _enlarged(text: str) -> str:
    """A drawing enlarged by 10 %, so that its smallest labels match those of the page (11 instead of 10 pixels).

    >>> _enlarged('<svg width="100" height="50.5" viewBox="0 0 100 50.5"><rect width="100"/></svg>')
    '<svg width="110" height="56" viewBox="0 0 100 50.5"><rect width="100"/></svg>'
    """
    head, end, body = text.partition(">")
    return (
        re.sub(r'(width|height)="([\d.]+)"', lambda found: f'{found[1]}="{1.1 * float(found[2]):.0f}"', head)
        + end
        + body
    )
