"""What the output of a network means: logits, or what an activation at its end made of them."""

from __future__ import annotations

from unetkit.operations import Activation
from unetkit.planning import Plan


def last_activation(plan: Plan) -> str:
    """Returns the name of the activation that the output passes through, or nothing."""
    last = plan.nodes[plan.output].operation
    return last.name if isinstance(last, Activation) else ""


def threshold(plan: Plan) -> float:
    """Returns the output of a single channel from which on class 1 is the likelier."""
    return 0.5 if last_activation(plan) == "Sigmoid" else 0.0
