"""Answers the questions of the page: plain values in, plain values out, whatever comes in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from unetkit.errors import Fault, SizeError, UnetkitError
from unetkit.geometry import SizeSet
from unetkit.planning import Plan, natural_size
from unetkit.planning.refusal import fits
from unetkit.planning.words import facts_in_words
from unetkit.play import measures, tabs
from unetkit.play.desk import Desk
from unetkit.play.faults import fault_json, faults_json
from unetkit.play.picture import Picture
from unetkit.play.reading import Source, example, planned, size_of
from unetkit.wording import size_text

Request = Mapping[str, Any]
Answer = dict[str, Any]

_NO_FILE = Desk()


def answer(request: Any, desk: Desk = _NO_FILE) -> Answer:
    """The answer to a request, as docs/playground.md describes both. It raises nothing.

    >>> answer({"text": "unetkit: 1\\nblok: x\\nin_channels: 1\\nout_channels: 2\\nchannels: [8]"})["faults"][0]["code"]
    'unknown-key'
    """
    kind = request.get("do", "draw") if isinstance(request, Mapping) else None
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        return {"refused": "there is no such request"}
    try:
        return make(request, desk)
    except UnetkitError as error:
        faults = error.faults
    except Exception as error:  # noqa: BLE001 - whatever a wild text or a plugin does, the page goes on
        faults = (Fault("failed", f"{type(error).__name__}: {error}"),)
    source = Source(str(request.get("text", "")), desk.file)
    return {"svg": None, "faults": [fault_json(fault, source) for fault in faults]}


def _draw(request: Request, desk: Desk, *, drawn: bool = True) -> Answer:
    """The drawing of a text or its faults, and what else is wanted; only this where nothing is `drawn`."""
    source = Source(str(request.get("text", "")), desk.file, tuple(map(str, request.get("overrides") or ())))
    size: tuple[int, ...] | None = None
    if drawn:
        _picture.cache_clear()  # a file that the text extends may have been changed
    try:
        picture = _picture(source, json.dumps([request.get("size"), bool(request.get("fit"))]))
        plan, size = picture.plan, picture.size
        sized = picture.sized
    except UnetkitError as error:
        return {"svg": None, "faults": faults_json(error.faults, source, size)}
    wanted = frozenset(request.get("want") or ())
    found: Answer = {"name": plan.spec.name, "digest": plan.digest, "dims": plan.dims, "size": list(size)}
    found |= {"parameters": plan.parameters, "macs": sized.macs, "output_size": list(sized.output_size)}
    if drawn:
        found |= {"facts": list(facts_in_words(sized).items()), **picture.svg()}
    found |= {key: make(picture) for key, make in _WANTED.items() if key in wanted}
    if "diff" in wanted and (other := request.get("other")):
        found["diff"] = tabs.diff(plan, size, str(other), source)
    if "chips" in wanted and (base := request.get("base")) and plan.spec.document:
        found["chips"] = tabs.chips(plan.spec.document, str(base), source)
    return found | {"faults": _warnings(plan, size, source)}


@lru_cache(1)
def _picture(source: Source, size: str) -> Picture:
    """What is drawn; it is kept, because the page asks for details of what it was just shown."""
    plan = planned(source)
    given, fit = json.loads(size)
    return Picture(plan, _size(plan, given, fit=fit))


_WANTED: dict[str, Callable[[Picture], Any]] = {
    "parts": Picture.parts,
    "levels": lambda picture: measures.levels(picture.plan, picture.size),
    "sizes": lambda picture: measures.sizes(picture.plan, picture.size),
    "field": lambda picture: measures.field(picture.plan, picture.size),
    "memory": lambda picture: measures.memory(picture.plan, picture.size),
    "code": lambda picture: tabs.code_of(picture.plan),
    "resolved": lambda picture: tabs.resolved(picture.plan),
}
"""What a request may want beside the drawing."""


def _size(plan: Plan, given: Any, *, fit: bool) -> tuple[int, ...]:
    """The size at which the network is shown: the given one, with `fit` the nearest that fits, or the natural one."""
    if not given:
        return natural_size(plan)
    size = size_of(given, plan.dims)
    if size is None:
        if fit:
            return natural_size(plan)
        raise SizeError(Fault("size-shape", f"{given} is no size for {plan.dims}D"))
    if not fit or fits(plan, size):
        return size
    near = tuple(sets.below(n) or sets.above(n) or n for n, sets in zip(size, plan.preferred_sizes, strict=True))
    return near if fits(plan, near) else natural_size(plan)


def _warnings(plan: Plan, size: tuple[int, ...], source: Source) -> list[Answer]:
    """The warning of a size that is not aligned."""
    words = plan.shift_warning(size)
    if not words:
        return []
    fault = Fault("alignment", words.partition(": ")[2])
    fixes = [{"label": size_text(one), "edits": [], "size": list(one)} for one in _aligned_around(plan, size)]
    return [fault_json(fault, source, severity="warning") | {"fixes": fixes}]


def _aligned_around(plan: Plan, size: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yields the next smaller and the next larger aligned size, where there are such sizes."""
    for near in (SizeSet.below, SizeSet.above):
        found = tuple(n for n in map(near, plan.aligned, size) if n is not None)
        if len(found) == len(size) and fits(plan, found):
            yield found


@lru_cache(1)
def _schema() -> Any:
    """The JSON Schema of specs, with all that is installed."""
    from unetkit.document.schema import schema
    from unetkit.language.spec_keys import SpecKeys

    return schema(SpecKeys)


@lru_cache(1)
def _examples() -> list[Answer]:
    """The shipped specs with their facts."""
    from unetkit.language.headers import select

    return [
        {
            "name": one.name,
            "family": one.family,
            "dims": len(one.facts.inputs[0].size),
            "parameters": one.facts.parameters,
            "macs": one.facts.macs,
            "about": one.description or one.about,
            "paper": one.paper,
        }
        for one in select()
    ]


def _png(request: Request, desk: Desk) -> Answer:
    """The drawing as PNG, in base64."""
    from unetkit.draw import svg
    from unetkit.draw.file import png

    plan = planned(Source(str(request.get("text", "")), desk.file, tuple(map(str, request.get("overrides") or ()))))
    size = _size(plan, request.get("size"), fit=bool(request.get("fit")))
    try:
        return {"png": base64.b64encode(png(svg(plan.at(size)))).decode("ascii")}
    except ImportError:
        return {"refused": "there is no renderer of PNG here"}


def _study(request: Request, desk: Desk) -> Answer:
    from unetkit.play.study import study

    return study(request, desk.file)


_KINDS: dict[str, Callable[[Request, Desk], Answer]] = {
    "draw": _draw,
    "details": lambda request, desk: _draw(request, desk, drawn=False),
    "schema": lambda request, desk: {"schema": _schema()},
    "examples": lambda request, desk: {"examples": _examples()},
    "example": lambda request, desk: {"name": str(request["name"]), "text": example(str(request["name"]))},
    "open": lambda request, desk: desk.open(),
    "save": lambda request, desk: desk.save(str(request.get("text", "")), request.get("digest")),
    "png": _png,
    "study": _study,
}
"""The kinds of requests, by what they ask to do."""
