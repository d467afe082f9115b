"""Open files that are kept for a while, so that a stack is decoded once for all of its images."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from unetkit.imagefiles.file_formats import format_of, open_images
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.request import ReadRequest

MOST_FILES = 8
MOST_BYTES = 512_000_000
"""Of the images in files that are kept and that nobody reads."""


class FileState(NamedTuple):
    """What was read, and from which state of a file."""

    path: Path
    request: ReadRequest
    changed: int
    length: int


@dataclass
class OpenFile:
    """An open file, and how many read it."""

    images: Images
    stack: ExitStack
    readers: int = 1

    @property
    def bytes(self) -> int:
        """The bytes of all that is in it."""
        return prod(self.images.array.shape) * self.images.dtype.itemsize


@dataclass
class OpenFileCache:
    """Open files of several images, the last used last. A process that was forked begins with an empty one."""

    files: OrderedDict[FileState, OpenFile] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def forget(self) -> None:
        """Lets go of all files, without closing those that another process reads."""
        self.files, self.lock = OrderedDict(), Lock()

    def clear(self) -> None:
        """Closes the files that nobody reads."""
        self.shrink(0, 0)

    @contextmanager
    def open_images(self, path: Path, request: ReadRequest) -> Iterator[Images]:
        """Gives the images in a file, as `unetkit.imagefiles.opened`; a file of several stays open for a while."""
        if not format_of(path).stacks or not path.exists():
            with open_images(path, request) as images:
                yield images
            return
        about = path.stat()
        key = FileState(path, request, about.st_mtime_ns, about.st_size)
        with self.lock:
            file = self.files.get(key)
            if file is None:
                stack = ExitStack()
                file = self.files[key] = OpenFile(stack.enter_context(open_images(path, request)), stack)
            else:
                file.readers += 1
                self.files.move_to_end(key)
        try:
            yield file.images
        finally:
            with self.lock:
                file.readers -= 1
                if file.images.count == 1 and not file.readers and self.files.pop(key, None) is not None:
                    file.stack.close()
            self.shrink(MOST_FILES, MOST_BYTES)

    def shrink(self, most_files: int, most_bytes: int) -> None:
        """Closes files that nobody reads, those first that were not read for longest, down to so many."""
        with self.lock:
            idle = [key for key, file in self.files.items() if not file.readers]
            held = sum(self.files[key].bytes for key in idle)
            for at, key in enumerate(idle):
                if len(idle) - at <= most_files and held <= most_bytes:
                    return
                file = self.files.pop(key)
                held -= file.bytes
                file.stack.close()


OPEN_FILES = OpenFileCache()
"""The shelf of this process."""
os.register_at_fork(after_in_child=OPEN_FILES.forget)
