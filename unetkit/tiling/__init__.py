"""Prediction for images of any size, tile by tile, exactly and in bounded memory."""

from unetkit.tiling.prediction import Block, plan_tiles, predict, stream
from unetkit.tiling.running import DTYPES, InferenceError, Runner, TorchRunner, ready
from unetkit.tiling.strips import Strips
from unetkit.tiling.tiles import Tile, Tiles, tiles

__all__ = [
    "DTYPES",
    "Block",
    "InferenceError",
    "Runner",
    "Strips",
    "Tile",
    "Tiles",
    "TorchRunner",
    "plan_tiles",
    "predict",
    "ready",
    "stream",
    "tiles",
]
