"""A campaign of hostile inputs: `python -m tests.fuzz`, as `make fuzz MINUTES=10` runs it.

Commands run in this process on mutated YAML, model files, study folders, images and checkpoints; random networks are
held against torch; processes get signals at random moments. Each input must be answered or refused: no traceback, no
exit code but 0, 1 and 2, nothing on a terminal that it would obey, within two seconds of computing, below a gigabyte.

`command.py` runs a command and judges its answer, `mutation.py` and `trees.py` change bytes, texts and values, one file
for each kind of input makes cases of it, `campaign.py` runs cases for some minutes, `findings.py` keeps what fell.
"""
