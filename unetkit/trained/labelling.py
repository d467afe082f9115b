"""A trained network over image files: class maps or probabilities of the same kind, written part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unetkit.data import Normalization, Preprocessing
from unetkit.data.files.grouping import FileGroup, name_of_result
from unetkit.data.normalization import slabs
from unetkit.data.preprocessing.signature import Signature
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.export import Content, is_exported, open_exported
from unetkit.host import resident_memory
from unetkit.imagefiles import Images, ReadRequest, format_of, open_images
from unetkit.imagefiles.file_formats import number_type
from unetkit.imagefiles.numbers import for_network
from unetkit.imagefiles.views.alignment import join_channels
from unetkit.imagefiles.views.reorientation import ReorientedWriter, reorientation_to, reoriented
from unetkit.model.interface import last_activation, threshold
from unetkit.planning import Plan
from unetkit.tiling import InferenceError, Runner, Tile, Tiles, plan_tiles, ready, stream
from unetkit.trained.likeness import Likeness
from unetkit.trained.modelfile import Trained, signature_in
from unetkit.wording import megabytes

HEAP_SHARE = 0.5
"""Of the memory that is left, the part for the activations of a tile. The rest goes to what is read and written, and
to gaps: memory that is kept to be used again (see `unetkit.host.allocator`) is seldom used to the full."""

Read = Callable[[tuple[slice, ...]], NDArray[Any]]
"""Reads a part (channels, *part) of an image."""
Advance = Callable[[int, int], None]
"""Is told the pixels of an image that are done, and how many it has."""


@dataclass(frozen=True)
class PredictOptions:
    """What is wanted for each image, and with which means; `memory` is the process's own, in bytes.

    `exact`: an image that needs tiles which cannot give what the whole image gives is refused. `axes`: letters of the
    stored axes, in place of those of the network's signature.
    """

    tile: Tile = "auto"
    memory: int | None = None
    device: str | None = None
    dtype: str = "fp32"
    probabilities: bool = False
    exact: bool = False
    axes: str | None = None


@contextmanager
def labeller(trained: Trained, asked: PredictOptions) -> Iterator[Labeller]:
    """Gives what labels files by a trained network; raises InferenceError where it cannot be run as asked."""
    with ready(trained.model, device=asked.device or default_device(), dtype=asked.dtype) as runner:
        yield Labeller(runner, trained.signature, trained.preprocessing, asked)


@contextmanager
def file_labeller(model: Path, asked: PredictOptions) -> Iterator[Labeller]:
    """Gives what labels files by a model file, or by what `unetkit export` wrote.

    Raises FileError where it is neither, InferenceError where it cannot be run as asked.
    """
    if not is_exported(model):
        with labeller(Trained.load(model), asked) as ready_labeller:
            yield ready_labeller
        return
    refuse_means(asked)
    with open_exported(model) as exported:
        signature = signature_in(exported.content.metadata, exported.content.plan, model)
        yield Labeller(exported, signature, preprocessing(exported.content, signature), asked)


def default_device() -> str:
    """Returns the device that is taken where none is named."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def refuse_means(asked: PredictOptions) -> None:
    """Raises InferenceError where an exported file, which computes in fp32 on the CPU, cannot be run as asked."""
    if asked.dtype != "fp32":
        message = f"an exported file computes in the numbers that it was written in, fp32, not in {asked.dtype}"
        raise InferenceError(Fault("dtype", message, cure="Leave --dtype out, or give the model file."))
    if asked.device not in (None, "cpu"):
        message = f"exported files run on the CPU, not on {asked.device}"
        raise InferenceError(Fault("device", message, cure="Leave --device out, or give the model file."))


def preprocessing(content: Content, signature: Signature) -> Preprocessing:
    """Returns what an image needs before an exported file, of which the normalization may be a part."""
    whole = signature.preprocessing
    return whole if content.levels is None else replace(whole, normalization=Normalization("none"))


@dataclass(frozen=True)
class Labeller:
    """Labels one file after another with one network."""

    runner: Runner
    signature: Signature
    preprocessing: Preprocessing
    asked: PredictOptions

    def label(self, source: Path | FileGroup, folder: Path, advance: Advance = lambda done, total: None) -> Path:
        """Writes the result for one file, or for a group of a file per channel, whole or not at all; returns its path.

        Raises FileError where a file cannot be read, or its result not be written.
        """
        spec, signature = self.runner.plan.spec, self.signature
        group = FileGroup("", (source,)) if isinstance(source, Path) else source
        file, *others = group.files
        kind = format_of(file)
        path = folder / name_of_result(group, probabilities=self.asked.probabilities)
        axes = self.asked.axes or signature.axes
        request = ReadRequest(spec.dims, None if others else signature.channels, axes, trained=True)
        with ExitStack() as stack:
            images, *further = [stack.enter_context(self.open_images(one, request)) for one in group.files]
            channels = spec.out_channels if self.asked.probabilities else None
            dtype = np.float32 if self.asked.probabilities else number_type(max(2, spec.out_channels))
            how = reorientation_to(images, self.preprocessing.orientation)
            seen = join_channels([images, *further], how) if further else reoriented(images, how)
            likeness = Likeness(self.signature, seen)
            with kind.create(path, images, channels, dtype) as made:
                target, done = made if how.is_identity else ReorientedWriter(made, images, how), 0
                for number, part, block in self.blocks(seen, likeness):
                    target.write(number, part, block)
                    done += prod(block.shape[-spec.dims :])
                    advance(done, seen.count * prod(seen.size))
            likeness.warn()
        return path

    @contextmanager
    def open_images(self, file: Path, request: ReadRequest) -> Iterator[Images]:
        """Gives the images of a file; where channels may lie in files of their own, the error says which those are."""
        with ExitStack() as stack:
            try:
                images = stack.enter_context(open_images(file, request))
            except FileError as error:
                patterns = self.signature.modalities
                if not patterns or [fault.code for fault in error.faults] != ["channels"]:
                    raise
                message = f"{file} is none of the files that make an image, and has not all {len(patterns)} channels"
                cure = f"The network takes one file of each: {', '.join(patterns)}. Or all channels in one."
                raise FileError(Fault("no-images", message, cure=cure, file=str(file))) from error
            yield images

    def blocks(self, images: Images, likeness: Likeness) -> Iterator[tuple[int, tuple[slice, ...], NDArray[Any]]]:
        """Yields the number of an image, a part of it, and the result for that part."""
        memory = None if self.asked.memory is None else left_of(self.asked.memory)
        unit = images.geometry.unit if images.geometry else ""
        size = self.preprocessing.size(images.size, images.spacing, unit, name=str(images.path))
        cut = plan_tiles(self.runner, size, self.asked.tile, memory, exact=self.asked.exact)
        for number in range(images.count):
            for part, block in self.outputs(self.reader(images, number, likeness), images.size, cut):
                yield number, part, self.result(block)

    def outputs(self, read: Read, size: tuple[int, ...], cut: Tiles) -> Iterator[tuple[tuple[slice, ...], Tensor]]:
        """Yields parts of an image of a size with the network's output for them: all at once where it is resampled."""
        seen = tuple(frame.image for frame in cut.frames)
        if seen == size:
            levels = self.preprocessing.normalization.levels(lambda: map(read, slabs(size)))
            yield from stream(self.runner, cut, lambda part: levels.apply(read(part)))
            return
        whole = tuple(slice(0, count) for count in size)
        image = self.preprocessing.image(read(whole), seen)
        output = np.empty((self.runner.plan.spec.out_channels, *seen), np.float32)
        for part, block in stream(self.runner, cut, lambda part: image[(slice(None), *part)]):
            output[(slice(None), *part)] = block
        yield whole, torch.from_numpy(self.preprocessing.output(output, size))

    def reader(self, images: Images, number: int, likeness: Likeness) -> Read:
        """Returns what reads parts of one image, as training does."""

        take = self.signature.take

        def read(part: tuple[slice, ...]) -> NDArray[Any]:
            found = images.read(number, part)
            part_read = for_network(found if take is None else found[list(take)], str(images.path))
            likeness.see(number, part, part_read)
            return part_read

        return read

    def result(self, block: Tensor) -> NDArray[Any]:
        """Returns classes or probabilities for a block of the network's output."""
        if self.asked.probabilities:
            return probabilities(self.runner.plan, block).numpy()
        classes = block.argmax(0) if len(block) > 1 else block[0] > threshold(self.runner.plan)
        return classes.numpy().astype(number_type(len(block)))


def probabilities(plan: Plan, block: Tensor) -> Tensor:
    """Returns probabilities for outputs; what passed through an activation in the network is left as it is."""
    if last_activation(plan):
        return block
    return torch.softmax(block, 0) if len(block) > 1 else torch.sigmoid(block)


def left_of(memory: int) -> int:
    """Returns the bytes for the activations of a tile in a process that may have so many in all.

    Raises UnetkitError where it holds nearly as many already.
    """
    held = resident_memory()
    left = int((memory - held) * HEAP_SHARE)
    if left <= 0:
        message = f"the process holds {megabytes(held)} before the first tile, allowed are {megabytes(memory)}"
        raise UnetkitError(Fault("memory", message, cure="Allow more memory."))
    return left
