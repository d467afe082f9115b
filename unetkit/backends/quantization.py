"""Static quantisation to 8-bit integers by onnxruntime, calibrated on images."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetkit.backends.backend import Request
from unetkit.errors import Fault, UnetkitError
from unetkit.planning.spatial_graph import Size

_IMAGES = 16
"""Images by which the ranges of maps are found."""


def quantized(onnx: bytes, request: Request) -> bytes:
    """An ONNX file whose convolutions compute with 8-bit integers.

    The ranges of the maps are those that the images of the request give; weights have a scale for each channel.
    """
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    if request.plan.vectors:
        raise UnetkitError(Fault("calibration", "int8 takes networks of images alone", cure="Use fp32 or bf16."))
    with tempfile.TemporaryDirectory() as folder:
        source, prepared, target = (Path(folder, f"{name}.onnx") for name in ("source", "prepared", "target"))
        source.write_bytes(onnx)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        reader = _Reader(fitted(image, request.size) for image in request.images[:_IMAGES])
        quantization.quantize_static(
            prepared,
            target,
            reader,
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return target.read_bytes()


class _Reader:
    """Gives images one after the other, as onnxruntime asks for them."""

    def __init__(self, images: Iterable[NDArray[Any]]) -> None:
        self.images: Iterator[NDArray[Any]] = iter(images)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The inputs of the next call, or None at the end."""
        return next(({"image": image[None]} for image in self.images), None)


def fitted(image: NDArray[Any], size: Size) -> NDArray[np.float32]:
    """The centre of an image (channels, *spatial) at a size, mirrored where the image is smaller."""
    missing = [max(0, wanted - have) for wanted, have in zip(size, image.shape[1:], strict=True)]
    padded = np.pad(image, [(0, 0), *((count // 2, count - count // 2) for count in missing)], mode="symmetric")
    starts = [(have - wanted) // 2 for wanted, have in zip(size, padded.shape[1:], strict=True)]
    inside = tuple(slice(start, start + wanted) for start, wanted in zip(starts, size, strict=True))
    return np.ascontiguousarray(padded[(slice(None), *inside)], dtype=np.float32)
