"""Plan: what a spec means. Every size, channel and parameter of the network, without torch."""

from unetkit.operations.execution import Execution
from unetkit.planning.batches import training_fault
from unetkit.planning.description import describe, describe_sizes, summarize
from unetkit.planning.memory import Memory, needed_memory
from unetkit.planning.natural import natural_size
from unetkit.planning.planned import Plan, plan
from unetkit.planning.sized import FeatureMap, SizedPlan, Step

__all__ = [
    "Execution",
    "FeatureMap",
    "Memory",
    "Plan",
    "SizedPlan",
    "Step",
    "describe",
    "describe_sizes",
    "natural_size",
    "needed_memory",
    "plan",
    "summarize",
    "training_fault",
]
