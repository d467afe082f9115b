"""The model file of a trained network: weights, spec, preprocessing, classes, and how it was trained."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError
from torch import nn

from unetkit.data import Normalization, Preprocessing
from unetkit.data.pairs import Colour
from unetkit.data.preprocessing.signature import Signature, plain_signature
from unetkit.errors import Fault, FileError
from unetkit.model import load_model, plan_of, read_header, save
from unetkit.model.hub import local
from unetkit.planning import Plan


@dataclass(frozen=True, init=False)
class Trained:
    """A network with its signature: its input images, their preprocessing, and its classes.

    In place of a signature, a normalization and the names of the classes can be given; images are then used as stored,
    with the channels of the network. `data` is the fingerprint of the training images. `training` has JSON values about
    the training; a model card shows `steps`, `seconds`, `run` (a resolved run), `loss` and `validation` (lists of step
    and value) and `scores`, as in a run's result.json.
    """

    model: nn.Module
    signature: Signature
    data: str
    training: Mapping[str, Any]

    def __init__(
        self,
        model: nn.Module,
        signature: Signature | Normalization,
        classes: tuple[str, ...] = (),
        *,
        data: str = "",
        training: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(signature, Normalization):
            signature = plain_signature(signature, classes, plan_of(model).spec.in_channels)
        for name, value in (("model", model), ("signature", signature), ("data", data), ("training", training or {})):
            object.__setattr__(self, name, value)

    @property
    def normalization(self) -> Normalization:
        """The normalization of its images."""
        return self.signature.normalization

    @property
    def preprocessing(self) -> Preprocessing:
        """The preprocessing of images, and the postprocessing of the output."""
        return self.signature.preprocessing

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.signature.names

    @property
    def colours(self) -> tuple[Colour, ...]:
        """The colours of the classes; empty unless all have one."""
        return self.signature.colours

    def save(self, file: str | os.PathLike[str]) -> Path:
        """Writes the model file atomically and returns its path; `unetkit.load_model` can read it too."""
        values = {"data": self.data, "training": self.training}
        extra = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
        return save(self.model, file, extra={SIGNATURE: self.signature.to_json()} | extra)

    @classmethod
    def load(cls, file: str | os.PathLike[str]) -> Self:
        """Loads a model file, the network in eval mode; raises FileError where it is damaged or no trained network."""
        file = local(file)
        header = read_header(file)
        model = load_model(file)
        signature = signature_in(header, plan_of(model), file)
        return cls(model, signature, **{name: _stored(header, name, file) for name in _STORED if name in header})


SIGNATURE = "signature"
"""Its key in the metadata of a file."""
_STORED: dict[str, TypeAdapter[Any]] = {
    "data": TypeAdapter(str, config=ConfigDict(strict=True)),
    "training": TypeAdapter(dict[str, Any], config=ConfigDict(strict=True)),
}
"""The other values in the metadata, as JSON."""


def signature_in(header: Mapping[str, str], plan: Plan, file: object) -> Signature:
    """The signature in the metadata of a model file or an exported model.

    Raises FileError where it is missing, damaged, or does not fit the network.
    """
    if SIGNATURE not in header:
        message = f"{file} does not state how its images are normalised"
        cure = "Give a file of `unetkit train`, or import the weights with --classes and --normalization."
        raise FileError(Fault("model-untrained", message, cure=cure))
    try:
        signature = Signature.from_json(header[SIGNATURE])
        signature.check(plan.spec)
    except (ValueError, RecursionError) as error:
        raise _damaged(file, SIGNATURE, str(error)) from error
    return signature


def _stored(header: Mapping[str, str], name: str, file: object) -> Any:
    """A value in the metadata of a file; raises FileError where it is invalid."""
    try:
        value = _STORED[name].validate_json(header[name])
    except (ValidationError, RecursionError) as error:
        raise _damaged(file, name) from error
    if isinstance(value, str) and not value.isprintable():
        raise _damaged(file, name)
    return value


def _damaged(file: object, name: str, reason: str = "") -> FileError:
    """The error for an invalid value in the metadata of a file."""
    message = f"{file} is damaged: its {name} is invalid" + (f": {reason}" if reason else "")
    return FileError(Fault("model-damaged", message, cure="Copy or download it again."))
