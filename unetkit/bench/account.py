"""Peak memory by the allocator's own account: every allocation and release that torch makes on the CPU."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's notes on missing GPUs; read when torch is imported

from torch.profiler import ProfilerActivity, profile


def peak_memory(function: Callable[[], object]) -> int:
    """The bytes that a call holds at most, over what was held before it; not a sample, an account."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    record = profiler.profiler
    assert record is not None and record.kineto_results is not None  # set when a profile has ended
    events = [event for event in record.kineto_results.events() if event.name() == "[memory]"]
    held = highest = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        highest = max(highest, held)
    return highest
