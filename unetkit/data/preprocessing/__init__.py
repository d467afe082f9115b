"""What is done to an image before the network, and the record of it that a model file carries."""
