"""The encoder `timm`: a model of timm by its name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from unetkit.encoder import Encoder, EncoderLevel
from unetkit.encoders.timm.facts import INSTALL, installed, model_facts, stage_macs
from unetkit.encoders.timm.operation import StageOperation
from unetkit.errors import BlockError
from unetkit.operations.operation import Axes
from unetkit.signal import Signal

_PHOTO = 3
"""Channels of the image for which the levels are measured."""


class Timm(Encoder):
    """Any model of the package timm that gives feature maps one after the other. Its facts are measured, once."""

    source = "Wightman, 2019, github.com/huggingface/pytorch-image-models"

    name: str
    """The model's name without a tag, such as resnet26d."""

    @property
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        levels, stride = [EncoderLevel(0, 1)], 1
        for stage in model_facts(self.name).stages:
            while stage.stride % (2 * stride) == 0 and 2 * stride < stage.stride:
                stride *= 2
                levels.append(EncoderLevel(0, stride))
            stride = stage.stride
            levels.append(EncoderLevel(stage.channels, stride))
        return tuple(levels[1:] if levels[1].stride == 1 else levels)

    def wire(self, x: Signal, level: int) -> Signal:
        number = sum(one.channels > 0 for one in self.pyramid[:level])
        in_channels = _PHOTO if number else x.channels
        stage = model_facts(self.name, in_channels).stages[number]

        def counted(sizes: tuple[Axes, ...]) -> int:
            return stage_macs(self.name, in_channels, number, sizes[0])

        what = (self.name, in_channels, stage.parts, stage.turns, stage.kept)
        return x.apply(StageOperation(stage.channels, stage.axes, stage.weights, counted, *what), name=_STAGE)

    def published_name(self, name: str) -> str:
        return name.removeprefix(f"{_STAGE}.")

    def level_name(self, name: str) -> str:
        return name if name.startswith(self._beginnings) else ""

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        """How the names of the weights begin that levels have."""
        return tuple(f"{part}." for stage in model_facts(self.name).stages for part in stage.parts)

    @property
    def address(self) -> str | None:
        tags = model_facts(self.name).weights
        return f"hf://{tags[self.weights]}/model.safetensors" if self.weights in tags else self.weights

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if not installed():
            yield "type", "an encoder of timm needs the package timm", INSTALL
            return
        if "." in self.name:
            bare, _, tag = self.name.partition(".")
            yield "name", f"{self.name} has a tag, which names weights", f"Write name: {bare}, weights: {tag}."
            return
        if dims != 2:
            yield "type", f"the models of timm are for 2D images, not {dims}D", "Use another encoder."
            return
        try:
            model_facts(self.name)
        except BlockError as error:
            yield from (("name", fault.message, fault.cure) for fault in error.faults)
            return
        yield from super().faults(dims)


_STAGE = "stage"
"""The name of the operation of a level."""
