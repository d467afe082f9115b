"""Random specs, exported: what the file computes is what the network computes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.command import Answer
from tests.fuzz.kind import Kind
from tests.fuzz.networks import network, tried


class Exports(Kind):
    """A random network as ONNX. The libraries for that take more memory than all others."""

    def prepare(self) -> None:
        """Imports: nothing lies there."""
        for name in ("torch.onnx", "onnx", "onnxruntime", "onnxscript", "unetkit.export"):
            import_module(name)

    def case(self, random: Random) -> Iterator[Answer]:
        yield tried(check_export, random.randrange(2**32), self.folder, levels=2, examples=1)


def check_export(planned: Any, sized: Any, folder: Path) -> None:
    """An export computes the same, which it checks itself, or is refused."""
    from unetkit.export import export
    from unetkit.export.formats import ExportError

    try:
        export(network(planned), folder / "m.onnx", "onnx")
    except ExportError as error:
        assert all(fault.code != "export-differs" for fault in error.faults), str(error)
