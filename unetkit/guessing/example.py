"""Decides between networks with the same shapes by what they compute for an example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from unetkit.checkpoint import ImportWeightsError, StateDict
from unetkit.checkpoint.faults import fault, unreadable
from unetkit.errors import UnetkitError
from unetkit.guessing.guess import Match

if TYPE_CHECKING:
    from unetkit.model.checkpoint import Checkpoint

_CLOSE = 1e-3
"""The largest difference, relative to the range of the output, that counts as equal."""
_VARIATIONS = (
    {"act": "relu"}, {"act": "leaky_relu"}, {"act": "elu"}, {"act": "gelu"}, {"act": "silu"},
    {"block.padding": "same"}, {"block.padding": "valid", "skip.align": "crop"}, {"down": "max_pool"},
    {"down": "avg_pool"}, {"up.method": "nearest"}, {"up.method": "linear"}, {"up.method": "linear_aligned"},
    {"skip.align": "pad"}, {"skip.align": "crop"},
)  # fmt: skip
"""Changes that keep all shapes, tried where no match computes the example."""


class Example(NamedTuple):
    """An image, and what the network computes for it."""

    image: Path
    output: Path

    def arrays(self, dims: int) -> tuple[Any, Any]:
        """Both as (N, C, *spatial) of float32. Raises ImportWeightsError for files that hold something else."""
        import numpy as np

        read = []
        for file in self:
            try:
                values = np.load(file, allow_pickle=False)
                array = np.asarray(values, np.float32)
            except (OSError, ValueError, TypeError, EOFError) as error:
                raise unreadable(file, "it is no array of numbers, .npy", "Write it by numpy.save.") from error
            if array.ndim not in (dims + 1, dims + 2):
                message = f"{file} has {array.ndim} axes, of (C, *spatial) or (N, C, *spatial): {dims} spatial axes"
                raise fault("example-shape", message, "Save the tensors that went in and came out.")
            read.append(array if array.ndim == dims + 2 else array[None])
        return read[0], read[1]


def decide(state: StateDict, matches: Sequence[Match], example: Example) -> list[tuple[Match, float]]:
    """The matches that compute the example, with the difference relative to its range, the smallest first.

    Where none does, changes that shapes do not show are tried. Raises ImportWeightsError if nothing computes it.
    """
    from unetkit.model.importing import read_checkpoint

    checkpoint = read_checkpoint(state.file, state.key or None)
    best = float("inf")
    for candidates in (matches, tuple(_varied(matches))):
        errors = [(match, _difference(checkpoint, match, example)) for match in candidates]
        close = [(match, error) for match, error in errors if error <= _CLOSE]
        if close:
            return sorted(close, key=lambda one: one[1])
        best = min([best, *(error for _, error in errors)])
    nearest = f"; the nearest differs by {best:.2g} of its range" if best < float("inf") else ""
    message = f"no spec with these shapes computes {example.output} from {example.image}{nearest}"
    cure = "Is the output that of the network alone, in evaluation mode, without softmax?"
    raise fault("example-differs", message, cure)


def _varied(matches: Sequence[Match]) -> Iterator[Match]:
    """Yields the matches with one more change each."""
    for match in matches:
        for change in _VARIATIONS:
            yield Match(match.spec, {**match.changes, **change}, match.unused, match.parameters)


def _difference(checkpoint: Checkpoint, match: Match, example: Example) -> float:
    """How much a match differs from the example, relative to its range; infinite where it cannot be compared."""
    import numpy as np
    import torch

    from unetkit.model import for_inference
    from unetkit.model.importing import import_weights

    try:
        spec = match.load()
        image, expected = example.arrays(spec.dims)
        with torch.inference_mode():
            found = for_inference(import_weights(checkpoint, spec).model)(torch.from_numpy(image))
    except ImportWeightsError as error:
        if error.faults[0].code in ("example-shape", "weights-unreadable"):
            raise
        return float("inf")
    except UnetkitError:
        return float("inf")
    output = (found if isinstance(found, torch.Tensor) else found[0]).numpy()
    if output.shape != expected.shape:
        return float("inf")
    return float(np.abs(output - expected).max() / max(float(np.ptp(expected)), 1e-12))
