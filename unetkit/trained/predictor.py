"""Prediction of one image file at a time, read and written part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unetkit.backends import optimize
from unetkit.data import Normalization, Preprocessing
from unetkit.data.files.folders import names_in_file
from unetkit.data.files.grouping import FileGroup
from unetkit.data.normalization import slabs
from unetkit.data.preprocessing.resampling import resampled_parts
from unetkit.data.preprocessing.signature import Signature
from unetkit.data.vectors import VectorSource, VectorTable
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.export import is_exported, open_exported
from unetkit.host import resident_memory
from unetkit.imagefiles import Images, ReadRequest, format_of, open_images
from unetkit.imagefiles.file_formats import split_name
from unetkit.imagefiles.numbers import for_network
from unetkit.imagefiles.result import ResultWriter
from unetkit.imagefiles.views.alignment import join_channels
from unetkit.imagefiles.views.reorientation import FileReorientation, ReorientedWriter, reorientation_to, reoriented
from unetkit.tiling import InferenceError, Runner, Strips, Tile, Tiles, plan_tiles, ready, stream
from unetkit.trained.distribution_shift import DistributionShift
from unetkit.trained.modelfile import Trained, signature_in
from unetkit.trained.result_map import ResultMap, result_maps
from unetkit.trained.vectors import GivenVector, vector_sources
from unetkit.wording import megabytes

_HEAP_SHARE = 0.5
"""Fraction of the remaining memory for the activations of a tile. The rest is for reading, writing and fragmentation:
memory that is kept for reuse (see `unetkit.host.allocator`) is rarely used completely."""

Read = Callable[[tuple[slice, ...]], NDArray[Any]]
"""Reads a part (channels, *part) of an image."""
_Advance = Callable[[int, int], None]
"""Is called with the number of pixels of an image that are done, and the number of all."""


@dataclass(frozen=True)
class PredictOptions:
    """How images are predicted, and with which resources."""

    tile: Tile = "auto"
    """Approximate samples per axis of a tile; None: the whole image at once; "stream": strips of rows."""
    memory: int | None = None
    """Main memory in bytes that the process may use in total."""
    device: str | None = None
    """By default cuda where available, else cpu."""
    dtype: str = "fp32"
    fast: bool = False
    """Whether the network is optimised first (see `unetkit.optimize`)."""
    probabilities: bool = False
    """Whether probabilities are written in place of class numbers."""
    exact: bool = False
    """Whether an image is refused if its tiles cannot give exactly the result of the whole image."""
    axes: str | None = None
    """Letters of the stored axes, in place of those of the training images."""
    vectors: Mapping[str, GivenVector] = field(default_factory=dict)
    """Vectors beside the images, by name; those that all training images shared need not be given."""
    backend: str = "auto"
    """What runs an optimised network (see `unetkit.optimize`)."""


@contextmanager
def file_predictor(trained: Trained, options: PredictOptions) -> Iterator[FilePredictor]:
    """Opens the predictor of a trained network; raises InferenceError where the options are not available."""
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    model, dtype = trained.model, options.dtype
    if not options.fast and (dtype == "int8" or options.backend != "auto"):
        what = "int8" if dtype == "int8" else f"the backend {options.backend}"
        raise InferenceError(Fault("fast", f"{what} needs an optimised network", cure="Add --fast."))
    if dtype == "int8":
        dtype = "fp32"  # until it is calibrated on the images, which are not known here
    elif options.fast:
        model, dtype = optimize(model.to(device), dtype=dtype, backend=options.backend), "fp32"
    with ready(model, device=device, dtype=dtype) as runner:
        yield FilePredictor(runner, trained.signature, trained.preprocessing, options)


@contextmanager
def open_predictor(model: Path, options: PredictOptions) -> Iterator[FilePredictor]:
    """Opens the predictor of a model file, or of an exported model.

    Raises FileError for any other file, and InferenceError where the options are not available.
    """
    if not is_exported(model):
        with file_predictor(Trained.load(model), options) as predictor:
            yield predictor
        return
    _check_exported_options(options)
    with open_exported(model) as runner:
        signature = signature_in(runner.content.metadata, runner.content.plan, model)
        preprocessing = signature.preprocessing
        if runner.content.levels is not None:  # the exported model normalises images itself
            preprocessing = replace(preprocessing, normalization=Normalization("none"))
        yield FilePredictor(runner, signature, preprocessing, options)


def _check_exported_options(options: PredictOptions) -> None:
    """Raises InferenceError for options that exported models, which run in fp32 on the CPU, do not support."""
    cure = "Leave --{} out, or give the model file."
    if options.dtype != "fp32":
        message = f"exported models compute in fp32, not in {options.dtype}"
        raise InferenceError(Fault("dtype", message, cure=cure.format("dtype")))
    if options.fast or options.backend != "auto":
        raise InferenceError(Fault("fast", "exported models run as they are", cure=cure.format("fast")))
    if options.device not in (None, "cpu"):
        message = f"exported models run on the CPU, not on {options.device}"
        raise InferenceError(Fault("device", message, cure=cure.format("device")))


@dataclass(frozen=True)
class FilePredictor:
    """Predicts one image file after another with one network."""

    runner: Runner
    signature: Signature
    preprocessing: Preprocessing
    options: PredictOptions

    @cached_property
    def maps(self) -> tuple[ResultMap, ...]:
        """What is written for an image."""
        return result_maps(self.runner.plan, self.signature, probabilities=self.options.probabilities)

    @cached_property
    def vectors(self) -> tuple[VectorSource, ...]:
        """Where the vectors beside the images come from; raises InferenceError where some are missing."""
        return vector_sources(self.runner.plan, self.signature, self.options.vectors)

    def paths(self, group: FileGroup, folder: Path) -> list[Path]:
        """The files of the results for an image; raises FileError for an unknown format."""
        return [one.path(group, folder) for one in self.maps]

    def predict_file(
        self,
        source: Path | FileGroup,
        folder: Path,
        advance: _Advance = lambda done, total: None,
        cut: Callable[[str], None] = lambda way: None,
    ) -> Path:
        """Writes the results for a file, or for a group with a file for each channel, atomically.

        `cut` is told into which tiles or strips the image is cut, where their size was not asked for. Returns the path
        of the first output's result. Raises FileError where a file cannot be read, or a result cannot be written.
        """
        spec, signature = self.runner.plan.spec, self.signature
        group = FileGroup("", (source,)) if isinstance(source, Path) else source
        file, *others = group.files
        paths = self.paths(group, folder)
        axes = self.options.axes or signature.axes
        request = ReadRequest(spec.dims, None if others else signature.channels, axes, trained=True)
        channels = (signature.file_channels if others else ()) or (request.channels,) * len(group.files)
        with ExitStack() as stack:
            stored, *further = [
                stack.enter_context(self._opened(one, replace(request, channels=count)))
                for one, count in zip(group.files, channels, strict=True)
            ]
            turn = reorientation_to(stored, self.preprocessing.orientation)
            images = self._joined([stored, *further], turn) if further else reoriented(stored, turn)
            shift = DistributionShift(signature, images)
            with ExitStack() as writing:
                targets, done = list[ResultWriter](), 0
                for one, path in zip(self.maps, paths, strict=True):
                    made = writing.enter_context(format_of(file).create(path, stored, one.channels, one.dtype))
                    targets.append(made if turn.is_identity else ReorientedWriter(made, stored, turn))
                tiles = self._tiles(images)
                if self.options.tile == "stream" or (self.options.tile == "auto" and str(tiles) != "at once"):
                    cut(str(tiles))
                for number, part, block in self._blocks(images, group.name or split_name(file)[0], shift, tiles):
                    for one, target in zip(self.maps, targets, strict=True):
                        target.write(number, part, one.block(block))
                    done += prod(block.shape[-spec.dims :])
                    advance(done, images.count * prod(images.size))
            shift.warn()
        return paths[0]

    def _joined(self, files: list[Images], turn: FileReorientation) -> Images:
        """The channels of several files as those of one image."""
        return join_channels(files, turn, one_each=not self.signature.file_channels)

    @contextmanager
    def _opened(self, file: Path, request: ReadRequest) -> Iterator[Images]:
        """Opens the images of a file; where channels may be in separate files, the error names their patterns."""
        with ExitStack() as stack:
            try:
                images = stack.enter_context(open_images(file, request))
            except FileError as error:
                patterns, whole = self.signature.modalities, self.signature.channels
                if not patterns or request.channels != whole or [fault.code for fault in error.faults] != ["channels"]:
                    raise
                message = f"{file} has neither all {whole} channels nor the name of one of several files"
                cure = f"Give one file of each: {', '.join(patterns)}. Or one file with all channels."
                raise FileError(Fault("no-images", message, cure=cure, file=str(file))) from error
            yield images

    def _tiles(self, images: Images) -> Tiles | Strips:
        """How images of this size are computed."""
        memory = None if self.options.memory is None else _tile_memory(self.options.memory)
        unit = images.geometry.unit if images.geometry else ""
        size = self.preprocessing.size(images.size, images.spacing, unit, name=str(images.path))
        return plan_tiles(self.runner, size, self.options.tile, memory, exact=self.options.exact)

    def _blocks(
        self, images: Images, name: str, shift: DistributionShift, tiles: Tiles | Strips
    ) -> Iterator[tuple[int, tuple[slice, ...], Tensor]]:
        """Yields the number of an image, a part of it, and the channels of all outputs for that part.

        `name` is that of their file.
        """
        names = names_in_file(name, images.count)
        vectors = VectorTable(self.vectors, Path(), names)
        for number in range(images.count):
            self.runner.condition(vectors.of(names[number]))
            for part, block in self._outputs(self._reader(images, number, shift), images.size, tiles):
                yield number, part, block

    def _outputs(
        self, read: Read, size: tuple[int, ...], tiles: Tiles | Strips
    ) -> Iterator[tuple[tuple[slice, ...], Tensor]]:
        """Yields parts of an image with the network's output for them; a resampled image is read whole."""
        resampled = tuple(frame.image for frame in tiles.frames)
        if resampled == size:
            scale = self.preprocessing.normalization.scaling(lambda: map(read, slabs(size)))
            yield from stream(self.runner, tiles, lambda part: scale.apply(read(part)))
            return
        whole = tuple(slice(0, count) for count in size)
        image = self.preprocessing.image(read(whole), resampled)
        output = np.empty((tiles.num_channels, *resampled), np.float32)
        for part, block in stream(self.runner, tiles, lambda part: image[(slice(None), *part)]):
            output[(slice(None), *part)] = block
        for part, channels in resampled_parts(output, size):
            yield part, torch.from_numpy(channels)

    def _reader(self, images: Images, number: int, shift: DistributionShift) -> Read:
        """The function that reads parts of one image, with the channels that the network takes."""
        take = self.signature.take

        def read(part: tuple[slice, ...]) -> NDArray[Any]:
            stored = images.read(number, part)
            block = for_network(stored if take is None else stored[list(take)], str(images.path))
            shift.add(number, part, block)
            return block

        return read


def _tile_memory(memory: int) -> int:
    """The bytes for the activations of a tile in a process that may use `memory` bytes in total.

    Raises UnetkitError where the process already uses nearly as much.
    """
    used = resident_memory()
    left = int((memory - used) * _HEAP_SHARE)
    if left <= 0:
        message = f"the process uses {megabytes(used)} before the first tile, {megabytes(memory)} are allowed"
        raise UnetkitError(Fault("memory", message, cure="Allow more memory."))
    return left
