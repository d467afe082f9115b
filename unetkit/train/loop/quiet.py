"""Lightning without its announcements."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = (
    "lightning.pytorch.trainer.connectors.signal_connector",
    "lightning.pytorch.utilities.rank_zero",
    "lightning.fabric.utilities.distributed",
    "lightning.fabric.utilities.rank_zero",
    "lightning.fabric.utilities.seed",
)


@contextmanager
def quiet() -> Iterator[None]:
    """Within, Lightning names no accelerators, gives no tips and warns only of what a user of unetkit can act on."""
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    try:
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            for message in IGNORED:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


IGNORED = (
    ".*your dataloader is not resumable",  # the task's begins where the steps before have ended
    ".*does not have many workers",  # a patch is drawn in less than a millisecond
    ".*GPU available but not used",  # the caller chose so
    ".*isinstance.treespec, LeafSpec.* is deprecated",  # Lightning's own use of torch
    ".*CUDA reports that you have .* available devices",  # torch.random.fork_rng keeps the state of each
)
