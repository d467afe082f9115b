"""Import: weights that another program has trained, given to the same network made by unetkit."""

from unetkit.model.importing.checkpoint import Checkpoint, read_checkpoint
from unetkit.model.importing.importing import Imported, import_weights
from unetkit.model.importing.kinds import ImportWeightsError

__all__ = ["Checkpoint", "ImportWeightsError", "Imported", "import_weights", "read_checkpoint"]
