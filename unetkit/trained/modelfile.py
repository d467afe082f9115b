"""A trained network with what its numbers mean, where it comes from, and how it was trained: one file holds all."""

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
    """A network with its signature: what its images are, how they are prepared, and its classes.

    A normalization with the names of the classes stands for a signature where images are taken as they are, with the
    channels of the network. `data` is the fingerprint of the images that it saw. `training` says how it was trained,
    in values that JSON has; a model card shows what it knows of `steps`, `seconds`, `run` (a resolved run), `loss` and
    `validation` (lists of step and value) and `scores`, as in a run's result.json.
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
        """How its images are normalised."""
        return self.signature.normalization

    @property
    def preprocessing(self) -> Preprocessing:
        """What is done to images before the network, and to its output."""
        return self.signature.preprocessing

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its classes."""
        return self.signature.names

    @property
    def colours(self) -> tuple[Colour, ...]:
        """The colours of its classes; none where not all have one."""
        return self.signature.colours

    def save(self, file: str | os.PathLike[str]) -> Path:
        """Writes the model file, whole or not at all, and returns its path; `unetkit.load_model` reads it too."""
        values = {"data": self.data, "training": self.training}
        extra = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
        return save(self.model, file, extra={SIGNATURE: self.signature.to_json()} | extra)

    @classmethod
    def load(cls, file: str | os.PathLike[str]) -> Self:
        """Returns what a file holds, the network in eval mode; raises FileError where that is damaged or missing."""
        file = local(file)
        header = read_header(file)
        model = load_model(file)
        signature = signature_in(header, plan_of(model), file)
        return cls(model, signature, **{name: stored(header, name, file) for name in STORED if name in header})


SIGNATURE = "signature"
"""Where a file keeps it, in its metadata."""
STORED: dict[str, TypeAdapter[Any]] = {
    "data": TypeAdapter(str, config=ConfigDict(strict=True)),
    "training": TypeAdapter(dict[str, Any], config=ConfigDict(strict=True)),
}
"""What else a file keeps as JSON, and what each value must be."""


def signature_in(header: Mapping[str, str], plan: Plan, file: object) -> Signature:
    """Returns the signature in the metadata of a model file or of an export, which is that of its network.

    Raises FileError where there is none, where it is damaged, or where it is that of another network.
    """
    if SIGNATURE not in header:
        message = f"{file} does not say how its images are normalised"
        raise FileError(
            Fault(
                "model-untrained",
                message,
                cure="Give a file of `unetkit train`, or import the weights with --classes and --normalization.",
            )
        )
    try:
        signature = Signature.from_json(header[SIGNATURE])
        signature.check(plan.spec)
    except (ValueError, RecursionError) as error:
        raise damaged(file, SIGNATURE, str(error)) from error
    return signature


def stored(header: Mapping[str, str], name: str, file: object) -> Any:
    """Returns a value that a file keeps; raises FileError where it is not what it must be."""
    try:
        value = STORED[name].validate_json(header[name])
    except (ValidationError, RecursionError) as error:
        raise damaged(file, name) from error
    if isinstance(value, str) and not value.isprintable():
        raise damaged(file, name)
    return value


def damaged(file: object, name: str, reason: str = "") -> FileError:
    """Returns the error for a value that a file keeps and that is not what it must be."""
    message = f"{file} is damaged: {name} is not what it must be" + (f": {reason}" if reason else "")
    return FileError(Fault("model-damaged", message, cure="Get it anew."))
