"""The page on which a spec is written and seen at once: `answer` for every question of the page, and its server.

The page asks in JSON and gets JSON, from the server on this machine or from Python in the browser: `answer` is the same
in both, and needs no torch.
"""

from __future__ import annotations

from unetkit.play.answer import answer
from unetkit.play.desk import Desk, desk_of

__all__ = ["Desk", "answer", "desk_of"]
