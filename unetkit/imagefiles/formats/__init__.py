"""One file per format: how its header and numbers are read, and how a result is written."""
