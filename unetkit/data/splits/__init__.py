"""How images are divided into training, validation and test."""
