"""Export: a network as an ONNX file, an OpenVINO model or a torch program, and how unetkit runs such files."""

from unetkit.export.content import Content, InputScaling
from unetkit.export.exporting import Exported, export
from unetkit.export.formats import FORMATS, ExportError
from unetkit.export.runner import is_exported, open_exported

__all__ = ["FORMATS", "Content", "ExportError", "Exported", "InputScaling", "export", "is_exported", "open_exported"]
