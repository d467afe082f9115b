"""The metadata of an exported model: spec, digest, accepted sizes, and the metadata of the model file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Self

from unetkit.errors import Fault, FileError
from unetkit.export.sizes import Sizes, from_json, to_json
from unetkit.model.file import FORMAT, KEYS, described, description
from unetkit.planning import Plan


class InputScaling(NamedTuple):
    """Mean and standard deviation for each channel: (x − mean) / std is the first step of an exported model."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Content(NamedTuple):
    """The plan of an exported network, its accepted sizes, its input scaling (None: none), and all its metadata."""

    plan: Plan
    sizes: Sizes
    levels: InputScaling | None
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, plan: Plan, sizes: Sizes, levels: InputScaling | None, extra: Mapping[str, str]) -> Self:
        """The content of a new file; `extra` is added to its metadata."""
        metadata = dict(extra) | description(plan)
        metadata |= {"sizes": json.dumps(to_json(sizes)), "levels": json.dumps(levels and levels._asdict())}
        return cls(plan, sizes, levels, metadata)

    @classmethod
    def read(cls, metadata: Mapping[str, str], file: object) -> Self:
        """The content in the metadata of a file; raises FileError where unetkit did not write it."""
        if metadata.get("unetkit") != FORMAT or not {*KEYS, "sizes", "levels"} <= metadata.keys():
            raise FileError(
                Fault("model-foreign", f"{file} was not exported by unetkit", cure="Give a file of `unetkit export`.")
            )
        planned = described(metadata, file)
        try:
            sizes, levels = from_json(json.loads(metadata["sizes"])), json.loads(metadata["levels"])
            found = levels and InputScaling(*(tuple(map(float, levels[name])) for name in InputScaling._fields))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise _damaged(file) from error
        axes, channels = len(sizes), {len(values) for values in found or ()}
        if axes != planned.dims or not channels <= {planned.spec.in_channels}:
            raise _damaged(file)
        return cls(planned, sizes, found, metadata)


def _damaged(file: object) -> FileError:
    message = f"{file} is damaged: the description of its input is invalid"
    return FileError(Fault("model-damaged", message, cure="Copy or download it again."))
