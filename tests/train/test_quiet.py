"""What Lightning announces is not printed beside the messages of unetkit."""

from __future__ import annotations

import logging

from lightning.pytorch.trainer.connectors import signal_connector

from unetkit.train.loop.loggers import quiet


def test_a_signal_is_told_by_the_command_alone() -> None:
    with quiet():
        assert not signal_connector.log.isEnabledFor(logging.INFO)
