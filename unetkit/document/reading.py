"""What is noted while a component is read."""

from __future__ import annotations

from typing import NamedTuple

from unetkit.block import Component
from unetkit.document.merge import KeyPath


class Reading(NamedTuple):
    """A component as it was read: where each parameter was written, what has an effect, and why the rest has none.

    `origins` lead from places in the component, `used` and `reasons` are about places in the file.
    """

    part: Component
    origins: dict[KeyPath, KeyPath]
    used: set[KeyPath]
    reasons: dict[KeyPath, str]

    def add(self, inner: Reading, path: KeyPath, idle: str | None = None) -> None:
        """Adds what was read at a path inside; `idle` is why that has no effect."""
        self.origins.update({(*path, *known): origin for known, origin in inner.origins.items()})
        if idle is None:
            self.used.update(inner.used)
            self.reasons.update(inner.reasons)
        else:
            self.reasons.update(dict.fromkeys(inner.origins.values(), idle))
