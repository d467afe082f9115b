"""unetkit predict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.errors import Fault, FileError

Model = Annotated[Path, typer.Argument(help="A model file of `unetkit train`.", show_default=False)]
Images = Annotated[list[Path], typer.Argument(help="Image files, or folders of them.", show_default=False)]
Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="Where the class maps go.", show_default=False)
]


def predict(model: Model, images: Images, output: Folder) -> None:
    """Label images with a trained network: a PNG of class numbers for each."""
    missing = [path for path in images if not path.exists()]
    if missing:
        raise FileError(*(Fault("file-missing", f"{path} does not exist") for path in missing))

    from unetkit.data.images import image_files
    from unetkit.train import Trained, predict_folder

    trained = Trained.load(model)
    check_names([file for path in images for file in (image_files(path).values() if path.is_dir() else [path])])
    for path in images:
        for written in predict_folder(trained, path, output):
            print(written)


def check_names(files: list[Path]) -> None:
    """Raises FileError where two images would be written to one file."""
    first: dict[str, Path] = {}
    twice = [(first[file.stem], file) for file in files if first.setdefault(file.stem, file) != file]
    if twice:
        message = "{} and {} would both become {}.png"
        raise FileError(
            *(Fault("twice", message.format(one, other, one.stem), cure="Rename one.") for one, other in twice)
        )
