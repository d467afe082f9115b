"""A network as one Python file that needs only torch, generated from the plan without torch."""

from unetkit.codegen.source import code

__all__ = ["code"]
