"""unetkit specs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from unetkit.cli.arguments import AsJson, Overwrite, parse_count

if TYPE_CHECKING:
    from unetkit.language.headers import ShippedSpec


def complete_family(incomplete: str) -> list[str]:
    """Completes a family."""
    from unetkit.language.headers import families

    return [name for name in families() if name.startswith(incomplete)]


Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[WORD]...", help="Words that the texts of a spec contain.", show_default=False),
]
Dims = Annotated[int | None, typer.Option("--dims", min=1, max=3, help="Number of spatial axes.", show_default=False)]
Families = Annotated[
    list[str] | None,
    typer.Option(
        "--family",
        metavar="NAME",
        help="A family, such as nnunet. Can be repeated.",
        show_default=False,
        autocompletion=complete_family,
    ),
]
MaxParameters = Annotated[
    str | None,
    typer.Option("--max-parameters", metavar="NUMBER", help="Most parameters, such as 10M.", show_default=False),
]
MaxMacs = Annotated[
    str | None,
    typer.Option("--max-macs", metavar="NUMBER", help="Most multiply-adds, such as 50G.", show_default=False),
]
Sort = Annotated[
    Literal["family", "name", "dims", "parameters", "macs", "receptive_field"],
    typer.Option("--sort", help="What they are sorted by."),
]
Sheet = Annotated[
    Path | None,
    typer.Option(
        "--sheet",
        metavar="FILE",
        help="Draw them all on one sheet, .svg or .png, or on a page with their facts, .html.",
        show_default=False,
    ),
]


def specs(  # noqa: PLR0913 - a command has so many options
    words: Words = None,
    dims: Dims = None,
    family: Families = None,
    max_parameters: MaxParameters = None,
    max_macs: MaxMacs = None,
    sort: Sort = "family",
    sheet: Sheet = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """List the shipped specs, all or those that are asked for; or draw them on one sheet."""
    from unetkit.cli.output import print_json
    from unetkit.errors import did_you_mean
    from unetkit.language.headers import Selection, families, select

    for name in family or ():
        if name not in families():
            raise typer.BadParameter(f"there is no family {name!r}. {did_you_mean(name, families())}")
    most = [None if text is None else parse_count(text) for text in (max_parameters, max_macs)]
    found = select(Selection(words or (), dims, family or (), *most), sort)
    if sheet is not None:
        _draw(found, sheet, overwrite=overwrite)
    if as_json:
        print_json([spec.json() for spec in found])
    elif sheet is None:
        _print(found)


def _draw(found: list[ShippedSpec], sheet: Path, *, overwrite: bool) -> None:
    from unetkit.cli.arguments import plan_of
    from unetkit.cli.output import say
    from unetkit.draw import draw_sheet
    from unetkit.overwriting import check_outputs
    from unetkit.wording import plural

    check_outputs([sheet], inputs=[spec.path for spec in found], overwrite=overwrite)
    plans = [plan_of(spec.name).at(spec.facts.inputs[0].size) for spec in found]
    if sheet.suffix.lower() == ".html":
        from unetkit.gallery import gallery
        from unetkit.writing import write_whole

        write_whole(sheet, gallery(list(zip(found, plans, strict=True))).encode())
    else:
        draw_sheet(plans, sheet)
    say(f"{sheet}: {plural(len(found), 'network')}")


def _print(found: list[ShippedSpec]) -> None:
    from unetkit.cli.output import count, magnitude, print_rich, say, size_text, table

    if not found:
        say("No shipped spec is like that.")
        return
    numbers = ("dims", "parameters", "MACs", "at size", "receptive field")
    rows = table("family", "spec", *numbers, "description", right=numbers, wrap=["description"])
    family = ""
    for spec in found:
        if family and family != spec.family:
            rows.rows[-1].end_section = True
        facts = spec.facts
        sizes = size_text(facts.inputs[0].size), size_text(facts.receptive_field)
        costs = count(facts.parameters), magnitude(facts.macs)
        rows.add_row(
            spec.family if spec.family != family else "", spec.name, f"{spec.dims}D", *costs, *sizes, spec.description
        )
        family = spec.family
    print_rich(rows)
