"""What a network is and what its output means: logits, or what an activation at its end made of them."""

from __future__ import annotations

from torch import nn

from unetkit.errors import Fault, UnetkitError
from unetkit.planning import Plan


def plan_of(model: nn.Module) -> Plan:
    """Returns the plan that a network was built from; raises UnetkitError where it was not built by unetkit."""
    plan = getattr(model, "plan", None)
    if not isinstance(plan, Plan):
        raise UnetkitError(
            Fault("model-foreign", "this module was not built by unetkit", cure="Give what build() returned.")
        )
    return plan


def last_activation(plan: Plan) -> str:
    """Returns the name of the activation that the output passes through, or nothing."""
    last = plan.nodes[plan.output].operation
    return last.activation if last is not None else ""


def threshold(plan: Plan) -> float:
    """Returns the output of a single channel from which on class 1 is the likelier."""
    return 0.5 if last_activation(plan) == "Sigmoid" else 0.0
