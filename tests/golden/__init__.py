"""What users rely on, as it was: networks, commands, JSON, error codes and exit codes.

Each JSON file holds `entries`, and `exceptions` with the reason for each entry that was changed or removed on purpose.
What is new may be added at any time.

    python -m tests.golden                       adds what is new
    python -m tests.golden --reason "why"        also writes what differs anew, and records the reason
"""
