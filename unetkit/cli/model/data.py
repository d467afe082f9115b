"""unetkit data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, Overwrite
from unetkit.cli.output import say
from unetkit.errors import FileError
from unetkit.wording import spacing_text

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A data file (YAML), a folder of images and masks, or mni.",
        show_default=False,
    ),
]
_Sheet = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write a contact sheet of the images, PNG.", show_default=False
    ),
]
Count = Annotated[int, typer.Option("--images", min=1, max=400, help="Images on the contact sheet.")]


def data(
    source: Data,
    sheet: _Sheet = None,
    images: Count = 24,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Check all images and masks of a data set, and show a summary."""
    from unetkit.cli.progress import ProgressCounter
    from unetkit.data.loading import load_data
    from unetkit.overwriting import check_outputs

    with ProgressCounter("masks examined") as progress:
        spec = load_data(source, overrides or (), advance=progress)
    say(*spec.inferred, to_errors=True)
    check_outputs([sheet] if sheet else [], inputs=spec.files(), overwrite=overwrite)

    from unetkit.data.opening import check_data
    from unetkit.data.overview.pictures import write_contact_sheet
    from unetkit.data.overview.summary import summary

    with ProgressCounter("pairs checked") as progress:
        checked = check_data(spec, progress, to_train=True)
    values = summary(spec, checked)
    if as_json:
        from unetkit.cli.output import print_json

        print_json(values)
    elif checked.splits is not None:
        _print_summary(values, [note for note in values["notes"] if f"note: {note}" not in spec.inferred])
    if checked.splits is None:
        raise FileError(*checked.faults)
    if sheet is not None:
        write_contact_sheet(sheet, checked.splits, spec.name, images)
        if not as_json:
            say(sheet)


def _print_summary(values: dict[str, Any], notes: list[str]) -> None:
    from unetkit.cli.output import facts, print_rich, size_text, table

    least, most = values["sizes"]["least"], values["sizes"]["most"]
    splits = ", ".join(f"{count} {name}" for name, count in values["splits"].items())
    low, high = values["levels"]
    rows = [
        ("data", values["name"]),
        ("source", values["source"]),
        ("pairs", f"{values['pairs']}: {splits}"),
        ("size", size_text(least) if least == most else f"{size_text(least)} to {size_text(most)}"),
        ("channels", str(values["channels"])),
        ("orientation", values["orientation"]),
        ("spacing", _spacing(values)),
        ("intensities", f"{low:,.6g} to {high:,.6g}, normalization: {values['normalization']['type']}"),
        ("fingerprint", values["fingerprint"][:12]),
    ]
    classes = table("class", "colour", "images", *values["splits"], right=("images", *values["splits"]))
    for one in values["classes"]:
        shares = ("-" if share is None else f"{share:.2%}" for share in one["shares"].values())
        classes.add_row(one["name"], one["colour"], str(one["images"]), *shares)
    if any(values["unlabelled"].values()):
        classes.add_row("ignored", "", "", *(f"{share or 0:.2%}" for share in values["unlabelled"].values()))
    print_rich(facts([row for row in rows if row[1]]), "", classes)
    for note in notes:
        print_rich(f"note: {note}")


def _spacing(values: dict[str, Any]) -> str:
    """The spacing in the files, or its range; empty if the files have none.

    >>> _spacing({"spacings": {"least": [0.8, 0.8, 1], "most": [0.8, 0.8, 3], "unit": "mm", "unknown": 0}})
    '0.8×0.8×1 to 0.8×0.8×3 mm'
    """
    spacings = values["spacings"]
    if spacings is None:
        return ""
    least, most = (spacing_text(spacings[end]) for end in ("least", "most"))
    return f"{least if least == most else f'{least} to {most}'} {spacings['unit']}".rstrip()
