"""The components of a training: losses, optimizers, schedules; and the loss of all outputs."""

from __future__ import annotations

COMPONENTS = {
    "loss": {
        "cross_entropy": "unetkit.train.parts.losses:CrossEntropy",
        "dice": "unetkit.train.parts.losses:Dice",
        "dice_ce": "unetkit.train.parts.losses:DiceCE",
        "focal": "unetkit.train.parts.losses:Focal",
        "tversky": "unetkit.train.parts.losses:Tversky",
        "boundary_ce": "unetkit.train.parts.losses:BoundaryCE",
        "mse": "unetkit.train.parts.losses:MeanSquaredError",
        "l1": "unetkit.train.parts.losses:MeanAbsoluteError",
    },
    "optimizer": {
        "adamw": "unetkit.train.parts.optimizers:AdamW",
        "adam": "unetkit.train.parts.optimizers:Adam",
        "sgd": "unetkit.train.parts.optimizers:SGD",
    },
    "schedule": {
        "one_cycle": "unetkit.train.parts.schedules:OneCycle",
        "cosine": "unetkit.train.parts.schedules:Cosine",
        "poly": "unetkit.train.parts.schedules:Poly",
        "steps": "unetkit.train.parts.schedules:Steps",
        "constant": "unetkit.train.parts.schedules:Constant",
    },
}
"""The built-in components: slot → name → module:Class."""
