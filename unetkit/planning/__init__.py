"""Plan: what a spec means. Every size, channel and parameter of the network, without torch."""

from unetkit.planning.planned import Plan, plan
from unetkit.planning.sized import FeatureMap, SizedPlan, Step

__all__ = ["FeatureMap", "Plan", "SizedPlan", "Step", "plan"]
