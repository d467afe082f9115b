"""A kind of input: where it lies, and how a case of it is made and tried."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.command import Answer


class Kind(ABC):
    """Makes cases in a folder of its own, which is the one that commands run in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Writes what all cases begin from."""

    @abstractmethod
    def case(self, random: Random) -> Iterator[Answer]:
        """Makes the inputs of a case, and yields what commands say of them."""

    def fresh(self, name: str) -> Path:
        """Returns the path of an output, where nothing is."""
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        return path
