"""Codegen: a network as one Python file that needs only torch. It is made from the plan, and imports no torch itself."""

from unetkit.codegen.source import code

__all__ = ["code"]
