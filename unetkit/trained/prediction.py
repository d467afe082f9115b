"""Prediction over image files and folders."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path

from unetkit.data.files.grouping import FileGroup, image_groups, name_of_result
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.imagefiles import find_images, merge_alike
from unetkit.overwriting import check_outputs
from unetkit.trained.predictor import PredictOptions, open_predictor


class PredictListener:
    """Receives the progress of `predict_files`. Override its methods."""

    def started(self, file: Path) -> None:
        """The prediction of an image begins; an image with a file for each channel is named by the first."""

    def advanced(self, done: int, total: int) -> None:
        """A number of pixels of the image is done."""

    def ended(self, path: Path | None, messages: Sequence[str]) -> None:
        """The result was written to a path, or the prediction failed; `messages` are warnings about the image."""
        for message in messages:
            warnings.warn(message, stacklevel=2)


def predict_files(
    model: str | PathLike[str],
    images: Iterable[Path],
    output: Path,
    options: PredictOptions | None = None,
    *,
    overwrite: bool = False,
    listener: PredictListener | None = None,
) -> list[Path]:
    """Predicts image files, or all images in folders, and returns the paths of the results in the folder `output`.

    `model` is a model file or an exported ONNX or OpenVINO model. Results are files of the same kind as the images,
    with a class number for each pixel or with probabilities. Raises UnetkitError with the faults of all files that
    could not be read or written, after all others are done.
    """
    options, listener = options or PredictOptions(), listener or PredictListener()
    images, model = list(images), Path(model)
    paths: list[Path] = []
    with open_predictor(model, options) as predictor:
        modalities = predictor.signature.modalities
        groups, faults = (
            image_groups(images, modalities)
            if modalities
            else ([FileGroup("", (file,)) for file in find_images(images)], [])
        )
        names = _result_names(groups, probabilities=options.probabilities)
        inputs = [model, *(file for group in groups for file in group.files)]
        check_outputs((output / name for name in names), inputs=inputs, overwrite=overwrite)
        for group in groups:
            listener.started(group.files[0])
            path = None
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    path = predictor.predict_file(group, output, listener.advanced)
                    paths.append(path)
                except UnetkitError as error:
                    faults += error.faults
            listener.ended(path, list(dict.fromkeys(str(one.message) for one in caught)))
    if faults:
        raise UnetkitError(*merge_alike(faults))
    return paths


def _result_names(groups: Sequence[FileGroup], *, probabilities: bool) -> list[str]:
    """The file names of the results; raises FileError where two images would have the same."""
    first: dict[str, Path] = {}
    faults = []
    for group in groups:
        file = group.files[0]
        try:
            name = name_of_result(group, probabilities=probabilities)
        except FileError:
            continue  # reported when the image is predicted
        if first.setdefault(name, file) != file:
            message = f"{first[name]} and {file} would both become {name}"
            faults.append(Fault("twice", message, cure="Rename one."))
    if faults:
        raise FileError(*faults)
    return list(first)
