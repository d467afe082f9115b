"""Imports weights that another program has trained into the same network of unetkit."""

from unetkit.model.importing.checkpoint import Checkpoint, read_checkpoint
from unetkit.model.importing.importing import Imported, import_weights
from unetkit.model.importing.kinds import ImportWeightsError

__all__ = ["Checkpoint", "ImportWeightsError", "Imported", "import_weights", "read_checkpoint"]
