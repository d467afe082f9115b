"""The slot `engine`: where the runs of a study execute."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unetkit.block import Component

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from pathlib import Path

COMPONENTS = {
    "engine": {
        "local": "unetkit.study.runs.engines:Local",
        "dask": "unetkit.study.runs.engines:Dask",
        "submitit": "unetkit.study.runs.engines:Submitit",
        "ray": "unetkit.study.runs.engines:Ray",
    },
}
"""The built-in components: slot → name → module:Class."""


@dataclass(frozen=True)
class EngineOptions:
    """Options of an engine: runs at once, a folder for its own files, and the `address` of a running scheduler."""

    at_once: int
    folder: Path
    address: str | None = None


class Engine(Component):
    """Executes the runs of a study. Plugins add engines through the entry points `unetkit.engines`.

    An engine is chosen by its name alone, so that all its fields have defaults.
    """

    slot = "engine"

    package: ClassVar[str] = ""
    """The package that it needs, if any."""
    extra: ClassVar[str] = ""
    """The extra of unetkit that installs the package."""
    takes_address: ClassVar[bool] = True
    """Whether a command may give an address."""
    on_cluster: ClassVar[bool] = False
    """Whether runs execute on other machines even without an address."""

    @abstractmethod
    def open(self, options: EngineOptions) -> AbstractContextManager[Executor]:
        """An executor, as a context; runs that still execute when it is left are ended.

        Each run is one call of a function. It, its arguments and its result can be pickled.
        """
