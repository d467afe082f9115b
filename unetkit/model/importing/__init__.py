"""Imports weights that another program has trained into the same network of unetkit."""

from unetkit.checkpoint import ImportWeightsError
from unetkit.model.checkpoint import Checkpoint, read_checkpoint
from unetkit.model.importing.importing import Imported, import_weights

__all__ = ["Checkpoint", "ImportWeightsError", "Imported", "import_weights", "read_checkpoint"]
