"""Quicker networks for inference: passes from plan to plan, and what runs the result."""

from unetkit.lazy import lazy_names

__all__ = ["PASSES", "OptimizedNetwork", "OptimizedPlan", "optimized_network"]

__getattr__ = lazy_names(
    __name__,
    {
        "network": ("OptimizedNetwork",),
        "optimization": ("optimized_network",),
        "passes": ("PASSES",),
        "plan": ("OptimizedPlan",),
    },
)
