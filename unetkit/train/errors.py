"""What can go wrong with a training."""

from __future__ import annotations

from unetkit.errors import UnetkitError


class TrainError(UnetkitError):
    """Images, a network and settings do not go together, or training cannot go on."""
