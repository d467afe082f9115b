"""What is wanted of an image file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadRequest:
    """How a file is to be read: the spatial axes of an image, its channels, and what is known of the stored axes.

    `channels` is None where the file's own number is taken. `axes` has a letter per axis of the stored array (see
    `unetkit.imagefiles.axes`), None where the file says itself. `mask`: the file holds class numbers or colours, so
    that a palette gives its indexes, and alpha is left out. `trained`: the file is for a network that is trained, so
    that what helps is another image or the option --axes, not another data file.
    """

    dims: int
    channels: int | None = None
    axes: str | None = None
    mask: bool = False
    trained: bool = False

    @property
    def where_axes(self) -> str:
        """Where the axes of a file may be said, as the begin of a sentence."""
        return "Say it with --axes" if self.trained else "Say it in the dataset"
