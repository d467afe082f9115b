"""unetkit sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, SpecName, parse_size

if TYPE_CHECKING:
    from rich.table import Table

    from unetkit.geometry import SizeSet
    from unetkit.planning import Plan

Near = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Show the sizes around this one. [default: the size at which `show` shows the network]",
        show_default=False,
    ),
]


def sizes(spec: SpecName, near: Near = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """List the image sizes that a network accepts, and those at which its levels are aligned.

    At an aligned size nothing is dropped on the way down, and encoder and decoder meet as well as they can.
    """
    from unetkit.cli.output import facts, print_json, print_rich
    from unetkit.language import load
    from unetkit.planning import natural_size, plan
    from unetkit.planning.words import in_words_by_axis

    planned = plan(load(spec, overrides or ()))
    wanted = natural_size(planned) if near is None else parse_size(near, planned.dims)
    if len(wanted) != planned.dims:
        raise typer.BadParameter(f"{near} has {len(wanted)} axes, {planned.spec.name} has {planned.dims}.")
    near_by = [near_size(planned, size) for size in neighbours(planned, wanted)]
    if as_json:
        print_json({"name": planned.spec.name, "sizes": all_sizes(planned), "near": near_by})
        return
    rows = [("accepted", in_words_by_axis(planned, planned.accepted))]
    rows += [("aligned", in_words_by_axis(planned, planned.aligned))]
    print_rich(planned.spec.name, "", facts(rows))
    for axes, title in groups(planned, wanted):
        print_rich("", axis_table(near_by, axes[0], title))


def groups(plan: Plan, wanted: tuple[int, ...]) -> list[tuple[list[int], str]]:
    """Returns the axes that are shown as one, since all is the same along them, and what they are called together."""
    from unetkit.planning.refusal import AXES

    found: dict[tuple[int, int], list[int]] = {}
    for axis, n in enumerate(wanted):
        found.setdefault((plan.equal_axes[axis], n), []).append(axis)
    return [(axes, " = ".join(AXES[plan.dims][axis] for axis in axes)) for axes in found.values()]


def axis_table(near_by: list[dict[str, Any]], axis: int, title: str) -> Table:
    """Returns one row for each size along one axis: what comes out, where it lies, and how well it fits."""
    from unetkit.cli.output import table

    headings = ("output", "margin", "begins at", "aligned", "skip and decoder apart, in pixels", "dropped")
    made = table(title, *headings, right=(title, "output", "margin", "begins at", "dropped"))
    for n, row in {row["input_size"][axis]: row for row in near_by}.items():
        fit, first = row["axes"][axis], row["axes"][axis]["grid"]["start"]
        apart = ", ".join(f"{offset:g} at level {level}" for level, offset in fit["offsets"].items() if offset)
        dropped = sum(fit["dropped"].values())
        numbers = (row["output_size"][axis], row["margin"][axis], f"{first:g}")
        made.add_row(str(n), *map(str, numbers), "yes" if fit["aligned"] else "-", apart or "-", f"{dropped or '-'}")
    return made


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
    """Returns how a size fits, as plain values.

    `margin` is by how much the output is smaller, `grid` where its samples sit, in input pixels.
    """
    output, fits = plan.output_size(size), plan.alignment(size)
    grids = [{"start": float(grid.start), "step": float(grid.step)} for grid in plan.output_grid(size)]
    return {
        "input_size": size,
        "output_size": output,
        "margin": tuple(n - m for n, m in zip(size, output, strict=True)),
        "aligned": all(fit.aligned for fit in fits),
        "axes": [fit.json() | {"grid": grid} for fit, grid in zip(fits, grids, strict=True)],
    }


def neighbours(plan: Plan, wanted: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Returns the accepted sizes around one, and the aligned ones, along every axis at once; all of them fit."""
    from unetkit.planning.refusal import fits

    rows: set[tuple[int, ...]] = set()
    for sets in (plan.accepted, plan.aligned):
        columns = [around(sizes, n) for sizes, n in zip(sets, wanted, strict=True)]
        rows |= {tuple(n for n in row if n is not None) for row in zip(*columns, strict=True) if None not in row}
    return sorted(row for row in rows if fits(plan, row))


def around(sizes: SizeSet, wanted: int) -> Iterator[int | None]:
    """Yields the two sizes up to the wanted one and the two from it on; None where there is none."""
    below, above = sizes.below(wanted), sizes.above(wanted)
    yield None if below is None else sizes.below(below - 1)
    yield below
    yield above
    yield None if above is None else sizes.above(above + 1)
