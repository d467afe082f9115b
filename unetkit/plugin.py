"""All that the author of a plugin needs: the base class of each slot, signals, operations, and the battery of checks.

What stands here is stable within a version of the plugin API, which a distribution names in its entry points; other
modules may change. Names are imported at their first use: a block needs neither torch nor the training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names

if TYPE_CHECKING:
    from unetkit.block import (
        Act,
        Block,
        Component,
        Count,
        Down,
        Filling,
        Head,
        Init,
        Inset,
        Norm,
        OddSizes,
        PerAxis,
        Share,
        Skip,
        Up,
    )
    from unetkit.data.dataset import Dataset, ImageEntry, ReadOptions
    from unetkit.data.normalization import Normalization
    from unetkit.data.normalizations import NormalizationMethod
    from unetkit.data.patches.augmentation import Augmentation
    from unetkit.data.splits.split import Split
    from unetkit.encoder import Encoder, EncoderLevel
    from unetkit.engine import Engine, EngineOptions
    from unetkit.errors import BlockError, Fault, FileError
    from unetkit.geometry import Grid, Interval, Limit, at_least, equal
    from unetkit.operations.execution import Execution, MapShape, Workspace
    from unetkit.operations.operation import Axes, Layer, Operation, facts, per_axis, wiring_error
    from unetkit.registry import register
    from unetkit.signal import Signal
    from unetkit.testing import Report, check_block
    from unetkit.topology import Net, Topology
    from unetkit.train.parts.losses import Loss, LossInput
    from unetkit.train.parts.optimizers import Optimizer
    from unetkit.train.parts.schedules import Schedule
    from unetkit.wrapping import ModuleFacts, wrap

__all__ = [
    "Act",
    "Augmentation",
    "Axes",
    "Block",
    "BlockError",
    "Component",
    "Count",
    "Dataset",
    "Down",
    "Encoder",
    "EncoderLevel",
    "Engine",
    "EngineOptions",
    "Execution",
    "Fault",
    "FileError",
    "Filling",
    "Grid",
    "Head",
    "ImageEntry",
    "Init",
    "Inset",
    "Interval",
    "Layer",
    "Limit",
    "Loss",
    "LossInput",
    "MapShape",
    "ModuleFacts",
    "Net",
    "Norm",
    "Normalization",
    "NormalizationMethod",
    "OddSizes",
    "Operation",
    "Optimizer",
    "PerAxis",
    "ReadOptions",
    "Report",
    "Schedule",
    "Share",
    "Signal",
    "Skip",
    "Split",
    "Topology",
    "Up",
    "Workspace",
    "at_least",
    "check_block",
    "equal",
    "facts",
    "per_axis",
    "register",
    "wiring_error",
    "wrap",
]

__getattr__ = lazy_names(
    "unetkit",
    {
        "block": (
            "Act",
            "Block",
            "Component",
            "Count",
            "Down",
            "Filling",
            "Head",
            "Init",
            "Inset",
            "Norm",
            "OddSizes",
            "PerAxis",
            "Share",
            "Skip",
            "Up",
        ),
        "data.dataset": ("Dataset", "ImageEntry", "ReadOptions"),
        "data.normalization": ("Normalization",),
        "data.normalizations": ("NormalizationMethod",),
        "data.patches.augmentation": ("Augmentation",),
        "data.splits.split": ("Split",),
        "encoder": ("Encoder", "EncoderLevel"),
        "engine": ("Engine", "EngineOptions"),
        "errors": ("BlockError", "Fault", "FileError"),
        "geometry": ("Grid", "Interval", "Limit", "at_least", "equal"),
        "operations.execution": ("Execution", "MapShape", "Workspace"),
        "operations.operation": ("Axes", "Layer", "Operation", "facts", "per_axis", "wiring_error"),
        "registry": ("register",),
        "signal": ("Signal",),
        "testing": ("Report", "check_block"),
        "topology": ("Net", "Topology"),
        "train.parts.losses": ("Loss", "LossInput"),
        "train.parts.optimizers": ("Optimizer",),
        "train.parts.schedules": ("Schedule",),
        "wrapping": ("ModuleFacts", "wrap"),
    },
)
