"""Model: what runs. torch.fx modules made from a plan, their weights, and their file."""

from unetkit.model.file import load_model, read_header, save
from unetkit.model.interface import plan_of
from unetkit.model.network import build, for_inference

__all__ = ["build", "for_inference", "load_model", "plan_of", "read_header", "save"]
