"""Rows of maps between their computation and their last use."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class Rows:
    """The rows of one map that are held now, as the pieces in which they came."""

    def __init__(self) -> None:
        self.pieces: list[Tensor] = []
        self.first = self.last = 0
        self.highest = 0
        """The most rows that were held at once."""

    def append(self, piece: Tensor) -> None:
        """Adds rows at the end."""
        self.pieces.append(piece)
        self.last += piece.shape[2]
        self.highest = max(self.highest, self.last - self.first)

    def release(self, low: int) -> None:
        """Drops the rows before `low`."""
        while self.pieces and self.first + self.pieces[0].shape[2] <= low:
            self.first += self.pieces.pop(0).shape[2]
        excess = low - self.first
        if excess > 0 and self.pieces:
            piece = self.pieces[0]
            rest = piece.shape[2] - excess
            kept = piece.narrow(2, excess, rest)
            self.pieces[0] = kept.clone() if 4 * rest <= piece.shape[2] else kept  # a view keeps all of it
        self.first = low

    def read(self, low: int, high: int) -> Tensor | None:
        """The rows `low` … high − 1; None where there are none."""
        found = list(self._parts(low, high))
        if not found:
            return None
        return found[0] if len(found) == 1 else torch.cat(found, 2)

    def spans(self, low: int, high: int) -> list[tuple[int, int]]:
        """The first and last + 1 of the rows `low` … high − 1 in each piece."""
        found, first = [], self.first
        for piece in self.pieces:
            last = first + piece.shape[2]
            if first < high and low < last:
                found.append((max(low, first), min(high, last)))
            first = last
        return found

    def _parts(self, low: int, high: int) -> Iterator[Tensor]:
        first = self.first
        for piece in self.pieces:
            last = first + piece.shape[2]
            if first < high and low < last:
                start = max(low, first)
                yield piece.narrow(2, start - first, min(high, last) - start)
            first = last


class Store:
    """A map between two passes: in memory, or in a temporary file that goes with it. Float32."""

    def __init__(self, channels: int, size: Sequence[int], folder: Path | None) -> None:
        self.channels, self.across = channels, tuple(size[1:])
        self.row = channels * prod(self.across)
        self.file = None if folder is None else tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self.values = np.empty((size[0] if folder is None else 0, self.row), np.float32)

    def write(self, low: int, rows: Tensor) -> None:
        """Keeps rows from `low` on."""
        flat = rows[0].movedim(0, -1).contiguous().reshape(rows.shape[2], self.row).cpu().numpy()
        if self.file is None:
            self.values[low : low + len(flat)] = flat
        else:
            self.file.seek(4 * low * self.row)
            self.file.write(flat.data)

    def read(self, low: int, high: int) -> Tensor:
        """The rows `low` … high − 1, (1, channels, rows, …)."""
        if self.file is None:
            flat = self.values[low:high].copy()
        else:
            flat = np.empty((high - low, self.row), np.float32)
            self.file.seek(4 * low * self.row)
            self.file.readinto(flat.data.cast("B"))
        return torch.from_numpy(flat).reshape(high - low, *self.across, self.channels).movedim(-1, 0)[None]

    def close(self) -> None:
        """Gives memory or disk back."""
        self.values = self.values[:0].copy()
        if self.file is not None:
            self.file.close()
