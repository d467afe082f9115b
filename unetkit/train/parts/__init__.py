"""What a training is composed of: losses, optimizers, schedules, deep supervision."""
