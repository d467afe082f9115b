"""Operations that only an optimised network has: what is folded away, maps joined late, Winograd's convolution."""

from __future__ import annotations

from dataclasses import fields, replace

from unetkit.operations.convolution import Convolution, TransposedConvolution
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.merging import Concatenation
from unetkit.operations.normalization import BatchNorm
from unetkit.operations.operation import Axes, Layer, Operation, facts, volume
from unetkit.operations.strip import Strip

TILE = 4
"""Outputs per axis of a tile of Winograd's convolution: F(4×4, 3×3) reads 6 × 6 samples for it."""
_FREQUENCIES = (TILE + 2) ** 2
_AT_ONCE = 128
"""Tiles that are transformed at once, so that their products stay in the cache."""


def tiles_at_once(columns: int) -> tuple[int, int]:
    """Rows and columns of tiles that are transformed at once, of a map that has so many columns of them."""
    parts = -(-columns // _AT_ONCE)
    return max(1, _AT_ONCE // columns), -(-columns // parts)


@facts
class Absorbed(Operation):
    """What an earlier operation does too, or what does nothing in evaluation: the input is passed on."""

    what: str

    kind = "folded"
    is_view = True
    stateless = True

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Layer("nn.Identity")

    def label(self) -> str:
        return f"{self.what} (folded)"


@facts
class LateConcatenation(Concatenation):
    """A concatenation that is never stored: the convolution that reads it reads its parts."""

    is_view = True
    makes_map = False


@facts
class Winograd(Convolution):
    """A 3×3 convolution of stride 1 by F(4×4, 3×3) (Lavin & Gray, 2016, arXiv:1509.09308), per depth tap in 3D."""

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        rows, width = result.size[-2:]
        strip, columns = tiles_at_once(-(-width // TILE))
        strip = min(strip, -(-rows // TILE))
        slices = len(source.size) == 3 and self.kernel[0] or 1
        transformed = _FREQUENCIES * strip * columns * ((slices + 1) * source.channels + 2 * result.channels)
        return Workspace(
            (transformed + source.channels * volume((TILE * strip + 2, TILE * columns + 2))) * run.itemsize
        )

    def layer(self, inputs: Axes, dims: int) -> Layer:
        return Convolution.layer(self, inputs, dims)._replace(name=f"functional.winograd{dims}d")

    def strip(self, sizes: Axes) -> Strip | None:
        found = Convolution.strip(self, sizes)
        return found._replace(multiple=TILE) if found is not None and len(self.kernel) == 2 else found

    def label(self) -> str:
        return f"{Convolution.label(self)} by Winograd"


def folded(first: Operation, then: Operation) -> Operation | None:
    """The operation that does in evaluation what `first` and then `then` do; None where no weights could say it."""
    if not isinstance(then, BatchNorm) or not isinstance(first, Convolution | TransposedConvolution):
        return None
    if isinstance(first, TransposedConvolution) and first.groups > 1:
        return None
    return replace(first, bias=True)


def joined_later(operation: Operation) -> Operation | None:
    """The same concatenation without a copy; None for other operations."""
    return LateConcatenation() if isinstance(operation, Concatenation) else None


def is_absorbed(operation: Operation) -> bool:
    """Whether it only passes its input on."""
    return isinstance(operation, Absorbed)


def is_late(operation: Operation) -> bool:
    """Whether it gives parts that what reads it joins."""
    return isinstance(operation, LateConcatenation)


def is_winograd(operation: Operation) -> bool:
    """Whether it goes by Winograd's algorithm."""
    return isinstance(operation, Winograd)


def takes_parts(operation: Operation) -> bool:
    """Whether it can read the parts of a concatenation: a convolution with zeros around the image, without groups."""
    return isinstance(operation, Convolution) and operation.groups == 1 and not _pads_otherwise(operation)


def by_winograd(operation: Operation) -> Operation | None:
    """The same convolution by Winograd's algorithm; None where that does not apply."""
    if not isinstance(operation, Convolution) or operation.groups > 1 or _pads_otherwise(operation):
        return None
    kernel = operation.kernel
    if len(kernel) < 2 or kernel[-2:] != (3, 3) or max(*operation.stride, *operation.dilation) > 1:
        return None
    return Winograd(*(getattr(operation, field.name) for field in fields(Convolution)))


def _pads_otherwise(operation: Convolution) -> bool:
    return operation.padding_mode != "zeros" and any(operation.padding)
