"""Profiles of the random tests: `pytest --hypothesis-profile fast`; in CI the examples are the same every time."""

import os

from hypothesis import settings

# A deadline would measure the machine, not the code.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("fast", settings.get_profile("default"), max_examples=10)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
