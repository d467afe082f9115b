"""All backends by name."""

from __future__ import annotations

from unetkit.backends.backend import Backend
from unetkit.backends.exported import OnnxruntimeBackend, OpenvinoBackend
from unetkit.backends.native import CompileBackend, TorchBackend

BACKENDS: dict[str, Backend] = {
    one.name: one for one in (TorchBackend(), CompileBackend(), OnnxruntimeBackend(), OpenvinoBackend())
}
