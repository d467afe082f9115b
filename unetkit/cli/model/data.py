"""unetkit data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson, Overrides, Overwrite
from unetkit.cli.output import say
from unetkit.errors import FileError
from unetkit.wording import spacing_text

if TYPE_CHECKING:
    from unetkit.data.opening import DataCheck
    from unetkit.data.spec import DataSpec

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A data file (YAML), a folder of images and masks, or mni.",
        show_default=False,
    ),
]
Sheet = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="A contact sheet of the images, PNG.", show_default=False),
]
Count = Annotated[int, typer.Option("--images", min=1, max=400, help="Images on the contact sheet.")]


def data(
    source: Data,
    sheet: Sheet = None,
    images: Count = 24,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Check every image and mask of a data set, and show what is in it."""
    from unetkit.cli.progress import ProgressCounter
    from unetkit.data.loading import load_data
    from unetkit.overwriting import check_outputs

    with ProgressCounter("masks examined") as progress:
        asked = load_data(source, overrides or (), advance=progress)
    say(*asked.taken, to_errors=True)
    check_outputs([sheet] if sheet else [], inputs=asked.files(), overwrite=overwrite)

    from unetkit.data.opening import check_data
    from unetkit.data.overview.summary import summary

    with ProgressCounter("pairs checked") as progress:
        checked = check_data(asked, progress, to_train=True)
    values = summary(asked, checked)
    if as_json:
        from unetkit.cli.output import print_json

        print_json(values)
    elif checked.splits is not None:
        print_summary(values | {"notes": [one for one in values["notes"] if f"note: {one}" not in asked.taken]})
    if checked.faults:
        raise FileError(*checked.faults)
    if sheet is not None:
        write_sheet(sheet, asked, checked, images)
        if not as_json:
            say(sheet)


def print_summary(values: dict[str, Any]) -> None:
    """Prints counts, sizes and the shares of the classes."""
    from unetkit.cli.output import facts, print_rich, size_text, table

    least, most = values["sizes"]["least"], values["sizes"]["most"]
    size = size_text(least) if least == most else f"{size_text(least)} to {size_text(most)}"
    splits = ", ".join(f"{count} {name}" for name, count in values["splits"].items())
    low, high = values["levels"]
    normalization = values["normalization"]["type"]
    rows = [
        ("data", values["name"]),
        ("source", values["source"]),
        ("pairs", f"{values['pairs']}: {splits}"),
        ("size", size),
        ("channels", str(values["channels"])),
        ("orientation", values["orientation"]),
        ("spacing", spacings_text(values)),
        ("levels", f"{low:,.6g} to {high:,.6g}, normalised by {normalization}"),
        ("fingerprint", values["fingerprint"][:12]),
    ]
    made = table("class", "colour", "images", *values["splits"], right=("images", *values["splits"]))
    for one in values["classes"]:
        shares = ("-" if share is None else f"{share:.2%}" for share in one["shares"].values())
        made.add_row(one["name"], one["colour"], str(one["images"]), *shares)
    if any(values["unlabelled"].values()):
        made.add_row("ignored", "", "", *(f"{share or 0:.2%}" for share in values["unlabelled"].values()))
    print_rich(facts([row for row in rows if row[1]]), "", made)
    for note in values["notes"]:
        print_rich(f"note: {note}")


def spacings_text(values: dict[str, Any]) -> str:
    """Returns the distances between samples that the files say, in words; "" where they say none.

    >>> spacings_text({"spacings": {"least": [0.8, 0.8, 1], "most": [0.8, 0.8, 3], "unit": "mm", "unknown": 0}})
    '0.8×0.8×1 to 0.8×0.8×3 mm'
    """
    found = values["spacings"]
    if found is None:
        return ""
    least, most = (spacing_text(found[end]) for end in ("least", "most"))
    return (least if least == most else f"{least} to {most}") + (f" {found['unit']}" if found["unit"] else "")


def write_sheet(file: Path, asked: DataSpec, checked: DataCheck, count: int) -> None:
    """Writes a contact sheet of so many images, evenly taken from all."""
    from unetkit.data.overview.images import write_image
    from unetkit.data.overview.pictures import contact_sheet

    assert checked.splits is not None
    parts = (checked.splits.train, checked.splits.validation, checked.splits.test)
    places = sorted((name, part, index) for part, pairs in enumerate(parts) for index, name in enumerate(pairs.names))
    chosen = [places[index * len(places) // count] for index in range(count)] if len(places) > count else places
    items = [parts[part][index] for _, part, index in chosen]
    title = f"{asked.name or 'data'}: {len(items)} of {len(places)} pairs"
    write_image(contact_sheet(items, checked.splits.train, title), file)
