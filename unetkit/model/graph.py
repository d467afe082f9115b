"""fx graphs that share generated code: blocks are alike, and generating code is half the work of building them."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import fx
from torch.fx.graph import PythonCode


class SharedCodeGraph(fx.Graph):
    """An fx graph whose code is generated once for all graphs with the same nodes."""

    _codes: ClassVar[dict[Any, PythonCode]] = {}

    def python_code(self, root_module: str, **options: Any) -> PythonCode:
        """Returns the code of the graph, as fx does."""
        nodes = tuple((node.op, node.name, node.target, str(node.args), str(node.kwargs)) for node in self.nodes)
        key = (root_module, nodes, str(options))
        if key not in self._codes:
            self._codes[key] = super().python_code(root_module, **options)
        return self._codes[key]
