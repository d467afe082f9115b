"""Preprocessing of images for a network, and the record of it in a model file."""
