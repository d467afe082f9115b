"""The gallery: a page with all shipped networks, and a page for each with its drawing, its facts and its file."""

from __future__ import annotations

import re
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from itertools import groupby

import unetkit
from unetkit.draw import small_svg, svg
from unetkit.language.headers import ShippedSpec, select
from unetkit.page import Markup, element, join
from unetkit.planning import SizedPlan
from unetkit.wording import magnitude, plural, size_text


def pages(*, playground: bool) -> dict[str, str]:
    """The pages by file name. With a playground each network has a link that opens it there."""
    found = [(spec, unetkit.plan(unetkit.load(spec.name)).at(spec.facts.inputs[0].size)) for spec in select()]
    texts = {f"gallery/{spec.name}.md": network(spec, plan, playground) for spec, plan in found}
    return texts | {"gallery/index.md": _index(found)}


def _index(found: list[tuple[ShippedSpec, SizedPlan]]) -> str:
    """The small drawings of all networks, by family."""
    lines = [
        "# Gallery",
        "",
        f"{plural(len(found), 'network')}, each a YAML file that unetkit ships: `unetkit show NAME` prints its levels, "
        "`unetkit new mine.yaml --from NAME` starts from it.",
        "",
    ]
    families = groupby(sorted(found, key=lambda pair: pair[0].family), key=lambda pair: pair[0].family)
    for family, pairs in families:
        figures = element("div", *(_small(spec, plan) for spec, plan in pairs), class_="networks")
        lines += [f"## {family}", "", *_raw(figures)]
    names = "\n".join(spec.name for spec, _ in found)
    return "\n".join(lines) + f"\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def _small(spec: ShippedSpec, plan: SizedPlan) -> Markup:
    facts = spec.facts
    numbers = f"{magnitude(facts.parameters)} parameters, {magnitude(facts.macs)}MACs at {size_text(plan.input_size)}"
    name = element("span", spec.name, class_="name")
    return element(
        "figure",
        element("a", _inline(small_svg(plan)), name, href=f"{spec.name}.html"),
        element("figcaption", numbers),
    )


def network(spec: ShippedSpec, plan: SizedPlan, playground: bool) -> str:
    """The page of one network."""
    text = spec.path.read_text("utf-8")
    lines = [f"# {spec.name}", "", _sentence(spec.about), ""]
    lines += _raw(
        element("div", _inline(svg(plan)), class_="drawing", tabindex="0", role="region", aria_label="Drawing")
    )
    if playground:
        link = element("a", "Open in the playground", href=f"../play/index.html{fragment(text)}", class_="playground")
        lines += _raw(element("p", link))
    lines += ["| fact | value |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in _facts(spec)), ""]
    lines += ["## The spec", "", f"`specs/{spec.family}/{spec.path.name}`", "", "````yaml", text.rstrip(), "````", ""]
    return "\n".join(lines)


def _facts(spec: ShippedSpec) -> Iterator[tuple[str, str]]:
    facts = spec.facts
    if spec.paper:
        yield "paper", spec.paper
    yield "input", "; ".join(map(str, facts.inputs))
    yield "output", "; ".join(map(str, facts.outputs))
    yield "parameters", f"{facts.parameters:,}"
    yield "multiply-adds", f"{facts.macs:,}"
    field = [width or "whole" for width in facts.receptive_field]
    yield "receptive field", size_text(field) if any(facts.receptive_field) else "whole image"
    yield "verified", spec.verified


def fragment(text: str) -> str:
    """The fragment of an address of the playground that carries a spec: deflated, in the URL-safe base 64.

    >>> fragment("dims: 2")
    '#spec=S8nMLbZSMAIA'
    """
    packing = zlib.compressobj(9, wbits=-15)
    packed = packing.compress(text.encode()) + packing.flush()
    return "#spec=" + urlsafe_b64encode(packed).decode().rstrip("=")


def _inline(text: str) -> Markup:
    """A drawing without its style sheet, which the site has once."""
    return join([Markup(re.sub(r"<style>.*?</style>\n?", "", text, flags=re.DOTALL))])


def _raw(html: str) -> list[str]:
    return ["```{raw} html", html, "```", ""]


def _sentence(text: str) -> str:
    return _escaped(text) + ("" if text.endswith(".") else ".")


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Text without a meaning in Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#$])", r"\\\1", text)
