"""unetkit sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, SpecName, parse_size, plan_of

if TYPE_CHECKING:
    from rich.table import Table

_Near = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Show the sizes around this one. [default: the size at which `show` shows the network]",
        show_default=False,
    ),
]


def sizes(spec: SpecName, near: _Near = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """List the image sizes that a network accepts, and those at which its levels are aligned.

    At an aligned size no samples are dropped, and encoder and decoder are offset as little as possible.
    """
    from unetkit.cli.output import facts, print_json, print_rich
    from unetkit.planning import describe_sizes, natural_size
    from unetkit.planning.refusal import AXES
    from unetkit.planning.words import in_words_by_axis

    plan = plan_of(spec, overrides)
    size = natural_size(plan) if near is None else parse_size(near, plan.dims)
    if len(size) != plan.dims:
        raise typer.BadParameter(f"{near} has {len(size)} axes, {plan.spec.name} has {plan.dims}.")
    values = describe_sizes(plan, size)
    if as_json:
        print_json(values)
        return
    rules = [("accepted", in_words_by_axis(plan, plan.accepted)), ("aligned", in_words_by_axis(plan, plan.aligned))]
    print_rich(plan.spec.name, "", facts(rules))
    groups: dict[tuple[int, int], list[int]] = {}
    for axis, n in enumerate(size):
        groups.setdefault((plan.equal_axes[axis], n), []).append(axis)
    for axes in groups.values():
        title = " = ".join(AXES[plan.dims][axis] for axis in axes)
        print_rich("", _axis_table(values["near"], axes[0], title))


def _axis_table(near: list[dict[str, Any]], axis: int, title: str) -> Table:
    from unetkit.cli.output import table

    columns = ("output", "margin", "starts at", "aligned", "offset of skip and decoder, in pixels", "dropped")
    rows = table(title, *columns, right=(title, "output", "margin", "starts at", "dropped"))
    for n, one in {one["input_size"][axis]: one for one in near}.items():
        fit = one["axes"][axis]
        offsets = ", ".join(f"{offset:g} at level {level}" for level, offset in fit["offsets"].items() if offset)
        dropped = sum(fit["dropped"].values())
        numbers = (n, one["output_size"][axis], one["margin"][axis], f"{fit['grid']['start']:g}")
        rows.add_row(*map(str, numbers), "yes" if fit["aligned"] else "-", offsets or "-", str(dropped or "-"))
    return rows
