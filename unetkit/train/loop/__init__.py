"""One process that trains: Lightning around it, validation, checkpoints, logs."""
