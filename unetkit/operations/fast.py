"""Operations that only an optimised network has: what is folded away, maps joined late, Winograd's convolution."""

from __future__ import annotations

from dataclasses import fields, replace

from unetkit.operations.convolution import Convolution, TransposedConvolution
from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.merging import Concatenation, CropTo, PadTo, SameSize
from unetkit.operations.normalization import BatchNorm, InstanceNorm
from unetkit.operations.operation import Axes, Layer, Operation, facts
from unetkit.operations.strip import Strip

TILE = 4
"""Outputs per axis of a tile of Winograd's convolution: F(4×4, 3×3) reads 6 × 6 samples for it."""
_FREQUENCIES = (TILE + 2) ** 2
_AT_ONCE = 128
"""Tiles that are transformed at once, so that their products stay in the cache."""
_SLICES = 16
"""Slices of a volume that are transformed at once."""
_WIDE = 512
"""Channels from which on half as many are."""
_WITH_CONVOLUTIONS = frozenset({"ReLU", "LeakyReLU", "SiLU"})
"""Activations that convolutions and instance norms compute as well."""
CHANNELS_AT_ONCE = 256
"""Channels of the input that are transformed at once in 2D."""
NORMALIZED_AT_ONCE = 1 << 17
"""Numbers of a map that an instance norm reads at once: 512 kB."""


def tiles_at_once(columns: int, channels: int, depth: int = 1) -> tuple[int, int, int]:
    """Slices, and rows and columns of tiles that are transformed at once, of a map with so many columns and slices.

    `channels` are the most of input and output in 3D, and those of the output in 2D.
    """
    slices = min(depth, _SLICES)
    most = max(1, _AT_ONCE * min(4, max(1, CHANNELS_AT_ONCE // channels)) // slices)
    if depth == 1:
        most = _AT_ONCE if channels < _WIDE else _AT_ONCE // 2
    parts = -(-columns // most)
    return slices, max(1, most // columns), -(-columns // parts)


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
class InstanceNormInPlace(InstanceNorm):
    """An instance norm that writes over its input, with the channels last."""

    channels_first = False
    gives_view = False
    overwrites = True

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        return Workspace(2 * NORMALIZED_AT_ONCE * run.itemsize)

    def label(self) -> str:
        return f"{InstanceNorm.label(self)} (in place)"


@facts
class Winograd(Convolution):
    """A 3×3 convolution of stride 1 by F(4×4, 3×3) (Lavin & Gray, 2016, arXiv:1509.09308), per depth tap in 3D."""

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        rows, width = result.size[-2:]
        depth = result.size[0] if len(result.size) == 3 else 1
        read = source.channels if depth > 1 else min(source.channels, CHANNELS_AT_ONCE)
        most = max(read, result.channels) if depth > 1 else result.channels
        slices, strip, columns = tiles_at_once(-(-width // TILE), most, depth)
        strip = min(strip, -(-rows // TILE))
        return Workspace(_FREQUENCIES * slices * strip * columns * (2 * read + result.channels) * run.itemsize)

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
    """Whether a convolution or a norm gives what an activation after it gives, as it writes its output."""
    return isinstance(operation, Convolution | InstanceNormInPlace) and activation.activation in _WITH_CONVOLUTIONS


def normalized_in_place(operation: Operation) -> Operation | None:
    """The same norm in place; None for other operations."""
    return InstanceNormInPlace(operation.eps, operation.affine) if type(operation) is InstanceNorm else None


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


def is_normalized_in_place(operation: Operation) -> bool:
    """Whether it is an instance norm in place."""
    return isinstance(operation, InstanceNormInPlace)


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
