"""The training loop of one process: Lightning's trainer, validation, checkpoints and logs."""
