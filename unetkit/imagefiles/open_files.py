"""A cache of open files, so that a stack is decoded once for all of its images."""

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
from unetkit.imagefiles.images import Images, ReadRequest

_MAX_FILES = 8
MAX_BYTES = 512_000_000
"""Limits for the open files without readers."""


class FileState(NamedTuple):
    """What was read, from which state of a file."""

    path: Path
    request: ReadRequest
    modified: int
    length: int


@dataclass
class OpenFile:
    """An open file, and the number of its readers."""

    images: Images
    stack: ExitStack
    readers: int = 1

    @property
    def num_bytes(self) -> int:
        """The bytes of all its numbers."""
        return prod(self.images.array.shape) * self.images.dtype.itemsize


@dataclass
class OpenFileCache:
    """Open files with several images, the last used last. A forked process begins with an empty cache."""

    files: OrderedDict[FileState, OpenFile] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def forget(self) -> None:
        """Drops all files without closing those that another process reads."""
        self.files, self.lock = OrderedDict(), Lock()

    def clear(self) -> None:
        """Closes the files without readers."""
        self._shrink(0, 0)

    @contextmanager
    def open_images(self, path: Path, request: ReadRequest) -> Iterator[Images]:
        """Like `unetkit.imagefiles.open_images`, but a file with several images stays open for a while."""
        if not format_of(path).stacks or not path.exists():
            with open_images(path, request) as images:
                yield images
            return
        status = path.stat()
        key = FileState(path, request, status.st_mtime_ns, status.st_size)
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
            self._shrink(_MAX_FILES, MAX_BYTES)

    def _shrink(self, max_files: int, max_bytes: int) -> None:
        """Closes files without readers, the least recently used first, down to these limits."""
        with self.lock:
            idle = [key for key, file in self.files.items() if not file.readers]
            num_bytes = sum(self.files[key].num_bytes for key in idle)
            for index, key in enumerate(idle):
                if len(idle) - index <= max_files and num_bytes <= max_bytes:
                    return
                file = self.files.pop(key)
                num_bytes -= file.num_bytes
                file.stack.close()


OPEN_FILES = OpenFileCache()
"""The cache of this process."""
os.register_at_fork(after_in_child=OPEN_FILES.forget)
