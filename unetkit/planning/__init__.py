"""Plan: what a spec means. Every size, channel and parameter of the network, without torch."""

from unetkit.operations.execution import Execution
from unetkit.planning.choice import common_size, covering_size, natural_size, size_from
from unetkit.planning.description import describe, describe_levels, describe_sizes, facts
from unetkit.planning.memory import Memory, kept_by_level, needed_memory
from unetkit.planning.planned import Plan, plan
from unetkit.planning.refusal import training_fault
from unetkit.planning.sized import FeatureMap, SizedPlan, Step
from unetkit.planning.spatial_graph import Size

__all__ = [
    "Execution",
    "FeatureMap",
    "Memory",
    "Plan",
    "Size",
    "SizedPlan",
    "Step",
    "common_size",
    "covering_size",
    "describe",
    "describe_levels",
    "describe_sizes",
    "facts",
    "kept_by_level",
    "natural_size",
    "needed_memory",
    "plan",
    "size_from",
    "training_fault",
]
