"""unetkit sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import NATURAL_SIZE, AsJson, Overrides, SpecName, parse_size

if TYPE_CHECKING:
    from unetkit.geometry import SizeSet
    from unetkit.planning import Plan

Near = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Show the sizes around this one. [default: 1024 in 1D, 512 in 2D, 128 in 3D]",
        show_default=False,
    ),
]


def sizes(spec: SpecName, near: Near = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """List the image sizes that a network accepts, and those at which its levels are aligned.

    At an aligned size nothing is dropped on the way down, and encoder and decoder meet as well as they can.
    """
    from unetkit.cli.output import facts, print_json, print_rich, size_text, table
    from unetkit.planning import plan
    from unetkit.spec import load

    planned = plan(load(spec, overrides or ()))
    wanted = parse_size(near or str(NATURAL_SIZE[planned.dims]), planned.dims)
    if len(wanted) != planned.dims:
        raise typer.BadParameter(f"{near} has {len(wanted)} axes, {planned.spec.name} has {planned.dims}.")
    found = neighbours(planned, wanted)
    if as_json:
        near_by = [near_size(planned, size) for size in found]
        print_json({"name": planned.spec.name, "sizes": all_sizes(planned), "near": near_by})
        return
    headings = ("input", "output", "margin", "aligned", "skip and decoder apart, in pixels", "dropped")
    made = table(*headings, right=("input", "output", "margin", "dropped"))
    for size in found:
        row = near_size(planned, size)
        yes = "yes" if row["aligned"] else "-"
        dropped = sum(sum(fit["dropped"].values()) for fit in row["axes"])
        output, margin = size_text(row["output_size"]), size_text(row["margin"])
        made.add_row(size_text(size), output, margin, yes, apart(planned, size), f"{dropped or '-'}")
    rows = [("accepted", in_words_by_axis(planned, planned.accepted))]
    rows += [("aligned", in_words_by_axis(planned, planned.aligned))]
    print_rich(planned.spec.name, "", facts(rows), "", made)


def all_sizes(plan: Plan) -> dict[str, Any]:
    """Returns accepted and aligned sizes as plain values."""
    return {"accepted": per_axis(plan.accepted), "aligned": per_axis(plan.aligned)}


def per_axis(sets: tuple[SizeSet, ...]) -> dict[str, Any]:
    """Returns sizes as plain values, each a list with an entry per axis.

    Sizes from `from` on are those whose remainder modulo `period` is in `remainders`; `also` are the few below.
    """
    return {
        "minimum": [sizes.minimum for sizes in sets],
        "period": [sizes.period for sizes in sets],
        "remainders": [list(sizes.remainders) for sizes in sets],
        "from": [sizes.above(sizes.start) for sizes in sets],
        "also": [list(sizes.few) for sizes in sets],
    }


def near_size(plan: Plan, size: tuple[int, ...]) -> dict[str, Any]:
    """Returns how a size fits, as plain values; `margin` is by how much the output is smaller."""
    output, axes = plan.output_size(size), plan.alignment(size)
    return {
        "input_size": size,
        "output_size": output,
        "margin": tuple(n - m for n, m in zip(size, output, strict=True)),
        "aligned": all(fit.aligned for fit in axes),
        "axes": [fit.json() for fit in axes],
    }


def apart(plan: Plan, size: tuple[int, ...]) -> str:
    """Returns by how much skips and decoder are apart, where they are, by level; once for axes that agree."""
    told = []
    for fit in plan.alignment(size):
        offsets = [f"{offset:g} at level {level}" for level, offset in fit.offsets.items() if offset]
        told.append(", ".join(offsets) or "-")
    return told[0] if len(set(told)) == 1 else "; ".join(told)


def in_words_by_axis(plan: Plan, sets: tuple[SizeSet, ...]) -> str:
    """Returns sizes in words, once for axes that agree."""
    from unetkit.planning.planned import AXES

    names: dict[SizeSet, list[str]] = {}
    for name, sizes in zip(AXES[plan.dims], sets, strict=True):
        names.setdefault(sizes, []).append(name)
    if len(names) == 1:
        return in_words(sets[0])
    return "; ".join(f"{' and '.join(axes)}: {in_words(sizes)}" for sizes, axes in names.items())


def in_words(sizes: SizeSet) -> str:
    """Returns a set of sizes in words.

    >>> from unetkit.geometry import SizeSet
    >>> in_words(SizeSet((), 16, 16, (0,))), in_words(SizeSet((), 188, 1, (0,)))
    ('multiples of 16: 16, 32, 48, ...', 'any from 188')
    >>> in_words(SizeSet((5, 7), 12, 8, (2, 4))), in_words(SizeSet((), 1, 1, ()))
    ('5, 7, and 8k + 2 or 4: 12, 18, 20, ...', 'none')
    """
    few = ", ".join(map(str, sizes.few))
    following, size = list[int](), sizes.above(sizes.start)
    while size is not None and len(following) < 3:
        following.append(size)
        size = sizes.above(size + 1)
    if not following:
        return few or "none"
    if sizes.period == 1:
        rule = f"any from {following[0]}"
    else:
        remainders = " or ".join(map(str, sizes.remainders))
        rule = f"multiples of {sizes.period}" if remainders == "0" else f"{sizes.period}k + {remainders}"
        rule += f": {', '.join(map(str, following))}, ..."
    return f"{few}, and {rule}" if few else rule


def neighbours(plan: Plan, wanted: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Returns the accepted sizes around one, and the aligned ones, along every axis at once."""
    rows: set[tuple[int, ...]] = set()
    for sets in (plan.accepted, plan.aligned):
        columns = [around(sizes, n) for sizes, n in zip(sets, wanted, strict=True)]
        rows |= {tuple(n for n in row if n is not None) for row in zip(*columns, strict=True) if None not in row}
    return sorted(rows)


def around(sizes: SizeSet, wanted: int) -> Iterator[int | None]:
    """Yields the two sizes up to the wanted one and the two from it on; None where there is none."""
    below, above = sizes.below(wanted), sizes.above(wanted)
    yield None if below is None else sizes.below(below - 1)
    yield below
    yield above
    yield None if above is None else sizes.above(above + 1)
