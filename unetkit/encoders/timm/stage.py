"""The part of a model of timm that computes the map of a level, as a torch module."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

_OPTIONS: tuple[dict[str, bool], ...] = ({"dynamic_img_size": True}, {"strict_img_size": False}, {})
"""What lets a model take images of other sizes, where its constructor knows it."""


def library() -> Any:
    """The package timm, which warns at import of what torch will give up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import timm
    return timm


def features(name: str, in_channels: int) -> Any:
    """The feature maps of a model: a module of timm with `feature_info`. Raises RuntimeError where it gives none."""
    for options in _OPTIONS:
        try:
            return library().create_model(name, pretrained=False, features_only=True, in_chans=in_channels, **options)
        except TypeError:
            if not options:
                raise
    raise AssertionError("the last has no options")


class TimmStage(nn.Module):
    """Some parts of a model, one after the other: from the map of a level, or from the image, to the next map.

    `parts` are their names in the model. `turns` says whether the input and the output are turned, where the model
    keeps all channels of a sample together.
    """

    def __init__(self, name: str, in_channels: int, parts: Sequence[str], *, turns: tuple[bool, bool]) -> None:
        super().__init__()
        self.parts = tuple(parts)
        self.turns = turns
        device = torch.empty(0).device
        try:
            model = features(name, in_channels)
        except NotImplementedError:  # on the meta device
            with torch.device("cpu"):
                model = features(name, in_channels)
        for part in self.parts:
            self._add(part, part_of(model, part).to(device))

    def _add(self, name: str, module: nn.Module) -> None:
        """Adds a part under its dotted name."""
        *parents, last = name.split(".")
        holder: nn.Module = self
        for parent in parents:
            if parent not in dict(holder.named_children()):
                holder.add_module(parent, nn.Module())
            holder = holder.get_submodule(parent)
        holder.add_module(last, module)

    def forward(self, x: Tensor) -> Tensor:
        """The map of the level."""
        if self.turns[0]:
            x = x.permute(0, 2, 3, 1)
        for part in self.parts:
            x = self.get_submodule(part)(x)
        return x.permute(0, 3, 1, 2) if self.turns[1] else x


def part_of(model: nn.Module, name: str) -> nn.Module:
    """A part of a model; timm joins the names of nested ones by an underscore where it takes models to pieces."""
    children = dict(model.named_children())
    joined = name.replace(".", "_")
    return children[joined] if joined in children else model.get_submodule(name)
