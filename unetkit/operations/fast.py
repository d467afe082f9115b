"""Operations that only an optimised network has: what is folded away, maps joined late, Winograd's convolution."""

from __future__ import annotations

from dataclasses import fields, replace

from unetkit.operations.convolution import Convolution, TransposedConvolution
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.merging import Concatenation, CropTo, PadTo, SameSize
from unetkit.operations.normalization import BatchNorm
from unetkit.operations.operation import Axes, Layer, Operation, facts
from unetkit.operations.strip import Strip

TILE = 4
"""Outputs per axis of a tile of Winograd's convolution: F(4×4, 3×3) reads 6 × 6 samples for it."""
_FREQUENCIES = (TILE + 2) ** 2
_AT_ONCE = 128
"""Tiles that are transformed at once, so that their products stay in the cache."""
_WIDE = 512
"""Channels from which on half as many are."""
_WITH_CONVOLUTIONS = frozenset({"ReLU", "LeakyReLU", "SiLU"})
"""Activations that convolutions compute as well."""
CHANNELS_AT_ONCE = 256
"""Channels of the input that are transformed at once in 2D."""


def tiles_at_once(columns: int, channels: int) -> tuple[int, int]:
    """Rows and columns of tiles that are transformed at once, of a map with so many columns, to so many channels."""
    most = _AT_ONCE if channels < _WIDE else _AT_ONCE // 2
    parts = -(-columns // most)
    return max(1, most // columns), -(-columns // parts)


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
class LateTransposedConvolution(TransposedConvolution):
    """A transposed convolution that is never stored: what reads it computes the rows that it needs."""

    is_view = True
    makes_map = False

    def label(self) -> str:
        return f"{TransposedConvolution.label(self)} (row by row)"


@facts
class LatePadTo(PadTo):
    """Zeros around a map that is never stored."""

    is_view = True

    def label(self) -> str:
        return f"{PadTo.label(self)} (row by row)"


@facts
class Winograd(Convolution):
    """A 3×3 convolution of stride 1 by F(4×4, 3×3) (Lavin & Gray, 2016, arXiv:1509.09308), per depth tap in 3D."""

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        rows, width = result.size[-2:]
        strip, columns = tiles_at_once(-(-width // TILE), result.channels)
        strip = min(strip, -(-rows // TILE))
        slices = self.kernel[0] if len(source.size) == 3 else 0
        read = (slices + 1) * source.channels if slices else min(source.channels, CHANNELS_AT_ONCE)
        return Workspace(_FREQUENCIES * strip * columns * (2 * read + result.channels) * run.itemsize)

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


def computes_activation(operation: Operation, activation: Operation) -> bool:
    """Whether a convolution gives what an activation after it gives, as it writes its output."""
    return isinstance(operation, Convolution) and activation.activation in _WITH_CONVOLUTIONS


def joined_later(operation: Operation) -> Operation | None:
    """The same concatenation without a copy; None for other operations."""
    return LateConcatenation() if isinstance(operation, Concatenation) else None


def computed_later(operation: Operation) -> Operation | None:
    """The same operation computed row by row by what reads it; None for what cannot be."""
    if isinstance(operation, PadTo) and operation.mode == "zeros":
        return LatePadTo()
    if not isinstance(operation, TransposedConvolution) or operation.groups > 1:
        return None
    if operation.kernel != operation.stride or any((*operation.padding, *operation.extra)):
        return None
    return LateTransposedConvolution(*(getattr(operation, field.name) for field in fields(TransposedConvolution)))


def is_computed_late(operation: Operation) -> bool:
    """Whether what reads it computes it."""
    return isinstance(operation, LateTransposedConvolution | LatePadTo)


def passes_rows_on(operation: Operation) -> bool:
    """Whether it gives the rows of its first input, perhaps among zeros."""
    return isinstance(operation, Absorbed | SameSize | LatePadTo) or computed_later(operation) == LatePadTo()


def reads_size_alone(operation: Operation, number: int) -> bool:
    """Whether only the size of an input counts."""
    return isinstance(operation, PadTo | SameSize | CropTo) and number > 0


def keeps_shape(operation: Operation) -> bool:
    """Whether it is a convolution whose output has the size of its input."""
    if not isinstance(operation, Convolution) or max(operation.stride) > 1:
        return False
    spans = zip(operation.kernel, operation.dilation, operation.padding, strict=True)
    return all(dilation * (kernel - 1) == 2 * padding for kernel, dilation, padding in spans)


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
