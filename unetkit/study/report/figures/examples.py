"""Predictions side by side: the image, its true labels, and the prediction of each arm with one seed."""

from __future__ import annotations

from pathlib import Path

from unetkit.page import Markup, element, join, picture
from unetkit.study.report.view import View
from unetkit.study.results.records import content_of
from unetkit.study.results.results import ExamplePictures, RunFacts

IMAGES, ARMS = 3, 12
"""Largest numbers of images and arms shown."""

_LARGEST = 2_000_000
"""Largest number of bytes of a picture; larger ones would make the page slow."""


def examples(view: View) -> Markup:
    """The pictures of the seed for which most arms have pictures."""
    chosen = runs(view)
    if not chosen:
        return element("p", "The run folders hold no pictures.", class_="note")
    names = list(dict.fromkeys(example.image for run in chosen for example in run.examples))[:IMAGES]
    rows = [part for name in names for part in (element("h3", name), row(name, chosen))]
    seed, fraction = chosen[0].seed, chosen[0].fraction
    told = f"Seed {seed}" + (f", {100 * fraction:g} % of the images" if fraction != 1 else "") + "."
    return join([element("p", told, legend(view), class_="note"), *rows])


def runs(view: View) -> list[RunFacts]:
    """One run of each shown arm, all with the same seed and fraction."""
    names = view.shown(ARMS)
    groups: dict[tuple[float, int], list[RunFacts]] = {}
    for run in view.results.runs:
        if run.arm in names and run.examples:
            groups.setdefault((-run.fraction, run.seed), []).append(run)
    best = min(groups, key=lambda key: (-len(groups[key]), key), default=None)
    return sorted(groups[best], key=lambda run: names.index(run.arm)) if best else []


def row(name: str, chosen: list[RunFacts]) -> Markup:
    """The pictures of one image."""
    found = [(run, example) for run in chosen for example in run.examples if example.image == name]
    first: ExamplePictures = found[0][1]
    panels = [("image", first.picture), ("truth", first.truth)]
    panels += [(run.arm, example.prediction) for run, example in found]
    return element("div", *(_panel(title, path, name) for title, path in panels), class_="pictures")


def _panel(title: str, path: Path, name: str) -> Markup:
    """One picture with its title, or a note where the file is missing."""
    try:
        content = content_of(path, _LARGEST) or b""
    except OSError as error:
        shown = element("p", f"{path.name}: {error.strerror}", class_="note")
    else:
        is_png = content.startswith(b"\x89PNG")
        shown = (
            picture(content, f"{name}: {title}") if is_png else element("p", f"{path.name} is not shown", class_="note")
        )
    return element("figure", shown, element("figcaption", title))


def legend(view: View) -> Markup:
    """The colours of the classes."""
    return join(
        [
            join([element("span", class_="swatch", style=f"background:rgb({r},{g},{b})"), name])
            for name, (r, g, b) in view.results.colours.items()
        ]
    )
