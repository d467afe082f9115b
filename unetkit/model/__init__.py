"""Model: what runs. torch.fx modules made from a plan, their weights, and their file."""

from unetkit.model.assembly import build
from unetkit.model.file import load_model, read_header, save

__all__ = ["build", "load_model", "read_header", "save"]
