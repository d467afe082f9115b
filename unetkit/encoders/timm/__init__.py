"""Encoders of timm: any model that timm cuts into feature maps, its facts measured once and kept on disk.

facts.py keeps the measurements, measuring.py makes them, stage.py is the torch module of a level, encoder.py the
component. Only measuring.py and stage.py import torch and timm.
"""
