"""What an exported file says of itself: the spec and its digest, the sizes it takes, and what the model file said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Self

from unetkit.errors import Fault, FileError
from unetkit.export.sizes import Sizes, from_json, to_json
from unetkit.model.file import FORMAT, KEYS, described, description
from unetkit.planning import Plan


class InputScaling(NamedTuple):
    """The grey levels, per channel, that a network takes for 0, and how many of them for 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Content(NamedTuple):
    """What a file is: the plan of its network, the sizes it takes, what it does to grey levels, and all its metadata.

    `levels` is None where the file does nothing to them.
    """

    plan: Plan
    sizes: Sizes
    levels: InputScaling | None
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, plan: Plan, sizes: Sizes, levels: InputScaling | None, extra: Mapping[str, str]) -> Self:
        """Returns the content of a new file; `extra` is kept in its metadata, as in a model file."""
        metadata = dict(extra) | description(plan)
        metadata |= {"sizes": json.dumps(to_json(sizes)), "levels": json.dumps(levels and levels._asdict())}
        return cls(plan, sizes, levels, metadata)

    @classmethod
    def read(cls, metadata: Mapping[str, str], file: object) -> Self:
        """Returns the content that the metadata of a file tell; raises FileError where unetkit did not write it."""
        if metadata.get("unetkit") != FORMAT or not {*KEYS, "sizes", "levels"} <= metadata.keys():
            raise FileError(
                Fault("model-foreign", f"{file} was not exported by unetkit", cure="Give a file of `unetkit export`.")
            )
        planned = described(metadata, file)
        try:
            sizes, levels = from_json(json.loads(metadata["sizes"])), json.loads(metadata["levels"])
            found = levels and InputScaling(*(tuple(map(float, levels[name])) for name in InputScaling._fields))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise damaged(file) from error
        axes, channels = len(sizes), {len(values) for values in found or ()}
        if axes != planned.dims or not channels <= {planned.spec.in_channels}:
            raise damaged(file)
        return cls(planned, sizes, found, metadata)


def damaged(file: object) -> FileError:
    """Returns the error for a file that does not say what its input is."""
    return FileError(
        Fault("model-damaged", f"{file} is damaged: it does not say what its input is", cure="Get it anew.")
    )
