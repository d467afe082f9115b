"""What a checkpoint is refused by: errors with a cure, and a budget of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from unetkit.errors import Fault, UnetkitError

AGAIN = "Download the file itself again."
CONVERT = "Load it with the program that wrote it, and save its weights as a state dict or as .safetensors."


class ImportWeightsError(UnetkitError):
    """Weights cannot be read, or do not belong to the network."""


class Refused(Exception):
    """The reason why the content of a file is not read, with a cure."""

    def __init__(self, reason: str, cure: str = AGAIN, code: str = "weights-unreadable") -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure
        self.code = code


class Budget:
    """The memory that objects of a file may take, by a cautious estimate: three times its size and 16 MiB."""

    FACTOR, CONSTANT = 3, 2**24

    def __init__(self, size: int) -> None:
        self.limit = self.FACTOR * size + self.CONSTANT
        self.left = self.limit

    def spend(self, size: int) -> None:
        """Takes bytes from the budget. Raises Refused where none are left."""
        self.left -= size
        if self.left < 0:
            raise Refused("it describes far more objects than a file of its size has", CONVERT)


def fault(code: str, message: str, cure: str = "", lines: Sequence[str] = ()) -> ImportWeightsError:
    """An error with one fault."""
    return ImportWeightsError(Fault(code, message, cure=cure, lines=tuple(lines)))


def unreadable(file: Path, reason: str, cure: str = "") -> ImportWeightsError:
    """The error for a file that cannot be read."""
    return fault("weights-unreadable", f"{file} cannot be read: {reason}", cure or AGAIN)


@contextmanager
def refused_file(file: Path) -> Iterator[None]:
    """Turns the refusal of a content, and errors of the disk, into the error for its file."""
    try:
        yield
    except Refused as error:
        if error.code != "weights-unreadable":
            raise fault(error.code, f"{file} {error.reason}", error.cure) from error
        raise unreadable(file, error.reason, error.cure) from error
    except OSError as error:
        raise unreadable(file, error.strerror or str(error), "Is the name right, and may it be read?") from error
