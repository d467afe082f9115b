"""Reads checkpoints of other programs without torch and without executing anything: names, shapes, and where bytes lie.

`formats.py` recognizes a file, `archive.py` reads its zip directory, `pickled.py` interprets its pickle by hand,
`values.py` has what a pickle may hold, `state_dict.py` finds the weights among it. All of them refuse what is out of
bounds before memory is taken for it; together they take at most three times the file's size and 16 MiB.

`layers.py` groups the tensors to layers, `orders.py` knows the order in which well-known programs run them, and
`matching.py` pairs them with the layers of a network.
"""

from unetkit.checkpoint.faults import ImportWeightsError
from unetkit.checkpoint.state_dict import StateDict, open_state_dict
from unetkit.checkpoint.values import TensorRecord

__all__ = ["ImportWeightsError", "StateDict", "TensorRecord", "open_state_dict"]
