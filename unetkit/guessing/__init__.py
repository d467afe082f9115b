"""Finds the spec of a checkpoint by the shapes of its weights, without torch.

`layers.py` lists the layers with weights of a file and of a plan, `fitting.py` finds the channels with which a spec has
the shapes of a file, `guess.py` tries the catalogue, `example.py` runs what is left on an example (with torch).
"""

from unetkit.guessing.example import Example, decide
from unetkit.guessing.guess import Guess, Match, guess

__all__ = ["Example", "Guess", "Match", "decide", "guess"]
