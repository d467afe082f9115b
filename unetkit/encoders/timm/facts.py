"""What is measured of a model of timm, kept on disk by the model's name and the version of timm. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from unetkit.operations.operation import Axes
from unetkit.wrapping.cache import stored, write
from unetkit.wrapping.facts import ModuleFacts

_FORM = 1
"""Version of the measurements: those of other versions are repeated."""
INSTALL = "pip install 'unetkit[timm]'"
"""What to do where timm is not installed."""


class StageFacts(BaseModel):
    """A level that has a map: the parts of the model that compute it, and what they do along each axis."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    parts: tuple[str, ...]
    turns: tuple[bool, bool]
    """Whether its input and its output are turned, because the model keeps all channels of a sample together."""
    channels: int
    stride: int
    """In samples of the image."""
    weights: int
    axes: tuple[ModuleFacts, ModuleFacts]
    kept: float
    """Numbers that are kept for the backward pass per number of the output."""


class ModelFacts(BaseModel):
    """The levels of a model that have a map, and its published weights: the tag of each, and its name on the Hub."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    stages: tuple[StageFacts, ...]
    weights: dict[str, str]


class _Counts(BaseModel):
    """Multiply-adds of a stage by the size of its input."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    macs: dict[str, int]


Kept = TypeVar("Kept", bound=BaseModel)


def installed() -> bool:
    """Whether timm is installed."""
    return _version() is not None


@cache
def _version() -> str | None:
    try:
        return version("timm")
    except PackageNotFoundError:
        return None


@cache
def model_facts(name: str, in_channels: int = 3) -> ModelFacts:
    """The facts of a model, measured where they are not on disk. Raises BlockError where it cannot be an encoder."""

    def measured() -> ModelFacts:
        from unetkit.encoders.timm.measuring import measure_model

        return measure_model(name, in_channels)

    return _kept(_file("model", name, in_channels), ModelFacts, measured)


@cache
def stage_macs(name: str, in_channels: int, stage: int, size: Axes) -> int:
    """The multiply-adds of a stage for an input of a size, measured where they are not on disk."""

    def measured() -> _Counts:
        from unetkit.encoders.timm.measuring import count_stage

        own = model_facts(name, in_channels).stages
        taken = own[stage - 1].channels if stage else in_channels
        return _Counts(macs={key: count_stage(name, in_channels, own[stage], (taken, *size))})

    key = "x".join(map(str, size))
    return _kept(_file("macs", name, in_channels, stage, key), _Counts, measured).macs[key]


def _file(*what: object) -> str:
    """The name of the file of a measurement."""
    return sha256(json.dumps(["timm", _FORM, _version(), *what]).encode()).hexdigest()


def _kept(name: str, kind: type[Kept], measured: Callable[[], Kept]) -> Kept:
    """A measurement from disk. It is made, and written, where there is none or a damaged one."""
    found = stored(name, kind)
    if found is None:
        found = measured()
        write(name, found.model_dump(mode="json"))
    return found
