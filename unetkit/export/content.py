"""What an exported file says of itself: the spec and its digest, the sizes it takes, and what the model file said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Self

from unetkit.errors import Fault, FileError
from unetkit.export.sizes import Sizes, from_json, to_json
from unetkit.model.file import requirements
from unetkit.planning import Plan, plan
from unetkit.spec import from_text, resolve, to_text

FORMAT = "1"


class Levels(NamedTuple):
    """The grey levels, per channel, that a network takes for 0, and how many of them for 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Content(NamedTuple):
    """What a file is: the plan of its network, the sizes it takes, what it does to grey levels, and all its metadata.

    `levels` is None where the file does nothing to them.
    """

    plan: Plan
    sizes: Sizes
    levels: Levels | None
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, plan: Plan, sizes: Sizes, levels: Levels | None, extra: Mapping[str, str]) -> Self:
        """Returns the content of a new file; `extra` is kept in its metadata, as in a model file."""
        metadata = dict(extra) | {
            "unetkit": FORMAT,
            "spec": to_text(resolve(plan.spec)),
            "digest": plan.digest,
            "requirements": json.dumps(requirements()),
            "sizes": json.dumps(to_json(sizes)),
            "levels": json.dumps(levels and levels._asdict()),
        }
        return cls(plan, sizes, levels, metadata)

    @classmethod
    def read(cls, metadata: Mapping[str, str], file: object) -> Self:
        """Returns the content that the metadata of a file tell; raises FileError where unetkit did not write it."""
        if metadata.get("unetkit") != FORMAT or not {"spec", "digest", "sizes", "levels"} <= metadata.keys():
            raise FileError(
                Fault("model-foreign", f"{file} was not exported by unetkit", cure="Give a file of `unetkit export`.")
            )
        planned = plan(from_text(metadata["spec"], f"{file}: spec"))
        if planned.digest != metadata["digest"]:
            message = (
                f"{file}: its spec makes another network here (digest {planned.digest[:12]}) than the one exported "
                f"({metadata['digest'][:12]}), with {metadata.get('requirements')}"
            )
            raise FileError(Fault("model-digest", message, cure="Install the versions it was made with."))
        try:
            sizes, levels = from_json(json.loads(metadata["sizes"])), json.loads(metadata["levels"])
            return cls(planned, sizes, levels and Levels(tuple(levels["mean"]), tuple(levels["std"])), metadata)
        except (ValueError, KeyError, TypeError) as error:
            raise FileError(Fault("model-foreign", f"{file}: what it says of its input is damaged: {error}")) from error
