"""unetkit sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import NATURAL_SIZE, AsJson, Overrides, SpecName, parse_size

if TYPE_CHECKING:
    from unetkit.geometry import SizeSet
    from unetkit.plan import Plan

Near = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Show the sizes around this one. [default: 1024 in 1D, 512 in 2D, 128 in 3D]",
        show_default=False,
    ),
]


def sizes(spec: SpecName, near: Near = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """List the image sizes that a network accepts."""
    from unetkit.cli.output import facts, print_json, print_rich, size_text, table
    from unetkit.plan import plan
    from unetkit.spec import load

    planned = plan(load(spec, overrides or ()))
    wanted = parse_size(near or str(NATURAL_SIZE[planned.dims]), planned.dims)
    if len(wanted) != planned.dims:
        raise typer.BadParameter(f"{near} has {len(wanted)} axes, {planned.spec.name} has {planned.dims}.")
    found = [(size, planned.output_size(size)) for size in neighbours(planned, wanted)]
    if as_json:
        around = [{"input_size": list(size), "output_size": list(output)} for size, output in found]
        print_json({"name": planned.spec.name, "sizes": {"accepted": accepted(planned)}, "near": around})
        return
    made = table("input", "output", right=("input", "output"))
    for size, output in found:
        made.add_row(size_text(size), size_text(output))
    print_rich(planned.spec.name, "", facts(accepted_rows(planned)), "", made)


def accepted(plan: Plan) -> dict[str, Any]:
    """Returns the accepted sizes as plain values, each a list with an entry per axis.

    Sizes from `from` on are those whose remainder modulo `period` is in `remainders`; `also` are the few below.
    """
    each = plan.accepted
    return {
        "minimum": [sizes.minimum for sizes in each],
        "period": [sizes.period for sizes in each],
        "remainders": [list(sizes.remainders) for sizes in each],
        "from": [sizes.above(sizes.start) for sizes in each],
        "also": [list(sizes.few) for sizes in each],
    }


def accepted_rows(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yields the axes that share their sizes, with these."""
    from unetkit.plan.plan import AXES

    names: dict[SizeSet, list[str]] = {}
    for name, sizes in zip(AXES[plan.dims], plan.accepted, strict=True):
        names.setdefault(sizes, []).append(name)
    for sizes, axes in names.items():
        yield ", ".join(axes), in_words(sizes)


def accepted_text(plan: Plan) -> str:
    """Returns the accepted sizes on one line."""
    rows = list(accepted_rows(plan))
    return rows[0][1] if len(rows) == 1 else "; ".join(f"{axes}: {sizes}" for axes, sizes in rows)


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
    """Returns the accepted sizes around one: on every axis two below and two above, and itself where it is accepted."""
    columns = [list(around(sizes, n)) for sizes, n in zip(plan.accepted, wanted, strict=True)]
    rows = dict.fromkeys(zip(*columns, strict=True))
    return [tuple(n for n in row if n is not None) for row in rows if None not in row]


def around(sizes: SizeSet, wanted: int) -> Iterator[int | None]:
    """Yields two sizes below, the wanted one or the nearest two, and two above; None where there is none."""
    below, above = sizes.below(wanted), sizes.above(wanted)
    yield None if below is None else sizes.below(below - 1)
    yield below
    yield above
    yield None if above is None else sizes.above(above + 1)
