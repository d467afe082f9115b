"""A trained network with what its numbers mean, where it comes from, and how it was trained: one file holds all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from torch import nn

from unetkit.data import Normalization, Preparation
from unetkit.data.pairs import Colour
from unetkit.errors import Fault, FileError
from unetkit.model import load_model, plan_of, read_header, save
from unetkit.model.hub import local


@dataclass(frozen=True)
class Trained:
    """A network, how its images are normalised, and its classes, with colours if they have any.

    `data` is the fingerprint of the images that it saw. `training` says how it was trained, in values that JSON has;
    a model card shows what it knows of `steps`, `seconds`, `run` (a resolved run), `loss` and `validation` (lists of
    step and value) and `scores`, as in a run's result.json. `orientation`, `spacing` and `unit`: see `Preparation`.
    """

    model: nn.Module
    normalization: Normalization
    classes: tuple[str, ...]
    colours: tuple[Colour, ...] = ()
    data: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    orientation: str = ""
    spacing: tuple[float, ...] = ()
    unit: str = ""

    @property
    def preparation(self) -> Preparation:
        """What is done to images before the network, and to its output."""
        return Preparation(self.normalization, self.orientation, self.spacing, self.unit)

    def save(self, file: str | os.PathLike[str]) -> Path:
        """Writes the model file, whole or not at all, and returns its path; `unetkit.load_model` reads it too."""
        values = {name: getattr(self, name) for name in STORED}
        extra = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
        return save(self.model, file, extra={"normalization": self.normalization.to_json()} | extra)

    @classmethod
    def load(cls, file: str | os.PathLike[str]) -> Self:
        """Returns what a file holds, the network in eval mode; raises FileError where that is damaged or missing."""
        file = local(file)
        header = read_header(file)
        if "normalization" not in header or "classes" not in header:
            raise FileError(
                Fault(
                    "model-untrained",
                    f"{file} does not say how its images are normalised",
                    cure="Give a file of `unetkit train`.",
                )
            )
        model = load_model(file)
        values = {name: stored(header, name, file) for name in STORED if name in header}
        if len(values.get("spacing", ())) not in (0, plan_of(model).dims):
            raise damaged(file, "spacing")
        try:
            normalization = Normalization.from_json(header["normalization"])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise damaged(file, "normalization") from error
        return cls(model, normalization, **values)


Byte = Annotated[int, Field(ge=0, le=255)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
STRICT = ConfigDict(strict=True)
STORED: dict[str, TypeAdapter[Any]] = {
    "classes": TypeAdapter(Annotated[tuple[Name, ...], Field(min_length=2)], config=STRICT),
    "colours": TypeAdapter(tuple[tuple[Byte, Byte, Byte], ...], config=STRICT),
    "data": TypeAdapter(str, config=STRICT),
    "training": TypeAdapter(dict[str, Any], config=STRICT),
    "orientation": TypeAdapter(Annotated[str, Field(pattern=r"^([LRPAIS]{1,3})?$")], config=STRICT),
    "spacing": TypeAdapter(tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...], config=STRICT),
    "unit": TypeAdapter(Annotated[str, Field(max_length=40)], config=STRICT),
}
"""What a file keeps as JSON, and what each value must be."""
PLACED = ("orientation", "spacing", "unit")
"""What of it says where the samples of images must lie."""


def stored(header: Mapping[str, str], name: str, file: object) -> Any:
    """Returns a value that a file keeps; raises FileError where it is not what it must be.

    Names that would do something to a terminal are no names.
    """
    try:
        value = STORED[name].validate_json(header[name])
    except (ValidationError, RecursionError) as error:
        raise damaged(file, name) from error
    texts = value if name == "classes" else (value,) if name in ("data", "unit") else ()
    if not all(text.isprintable() for text in texts):
        raise damaged(file, name)
    return value


def damaged(file: object, name: str) -> FileError:
    """Returns the error for a value that a file keeps and that is not what it must be."""
    return FileError(Fault("model-damaged", f"{file} is damaged: {name} is not what it must be", cure="Get it anew."))
