"""Prediction over image files and folders."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from os import PathLike
from pathlib import Path

from unetkit.data.files.grouping import FileGroup, image_groups
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.imagefiles import find_images, merge_alike
from unetkit.overwriting import check_outputs
from unetkit.trained.calibration import calibrated
from unetkit.trained.predictor import FilePredictor, PredictOptions, open_predictor


class PredictListener:
    """Receives the progress of `predict_files`. Override its methods."""

    def chosen(self, reason: str) -> None:
        """The backend and number type were chosen; `reason` is empty where there was no choice."""

    def started(self, file: Path) -> None:
        """The prediction of an image begins; an image with a file for each channel is named by the first."""

    def cut(self, way: str) -> None:
        """The image is computed in tiles or in strips of rows, whose size was not asked for."""

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
    with a class number for each pixel or with probabilities; those of several outputs are in folders named after the
    outputs. Raises UnetkitError with the faults of all files that
    could not be read or written, after all others are done.
    """
    options, listener = options or PredictOptions(), listener or PredictListener()
    images, model = list(images), Path(model)
    paths: list[Path] = []
    with ExitStack() as stack:
        predictor = stack.enter_context(open_predictor(model, options))
        modalities = predictor.signature.modalities
        groups, faults = (
            image_groups(images, modalities)
            if modalities
            else ([FileGroup("", (file,)) for file in find_images(images)], [])
        )
        _check_names(groups, predictor)
        tables = [Path(one.table) for one in predictor.vectors if one.table]
        inputs = [model, *tables, *(file for group in groups for file in group.files)]
        check_outputs(_results(groups, predictor, output), inputs=inputs, overwrite=overwrite)
        if options.dtype == "int8" and groups:
            predictor = stack.enter_context(calibrated(predictor, groups))
        listener.chosen(getattr(getattr(predictor.runner, "model", None), "reason", ""))
        for group in groups:
            listener.started(group.files[0])
            path = None
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    path = predictor.predict_file(group, output, listener.advanced, listener.cut)
                    paths += predictor.paths(group, output)
                except UnetkitError as error:
                    faults += error.faults
            listener.ended(path, list(dict.fromkeys(str(one.message) for one in caught)))
    if faults:
        raise UnetkitError(*merge_alike(faults))
    return paths


def _results(groups: Sequence[FileGroup], predictor: FilePredictor, output: Path) -> Iterator[Path]:
    """Yields the files of all results; images of an unknown format are reported when they are predicted."""
    for group in groups:
        with suppress(FileError):
            yield from predictor.paths(group, output)


def _check_names(groups: Sequence[FileGroup], predictor: FilePredictor) -> None:
    """Raises FileError where two images would have the same result."""
    first: dict[Path, Path] = {}
    faults = []
    for group in groups:
        file = group.files[0]
        with suppress(FileError):
            path = predictor.paths(group, Path())[0]
            if first.setdefault(path, file) != file:
                message = f"{first[path]} and {file} would both become {path.name}"
                faults.append(Fault("twice", message, cure="Rename one."))
    if faults:
        raise FileError(*faults)
