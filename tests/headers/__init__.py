"""Writes the facts of shipped specs into their headers: `python -m tests.headers [FILE]…`, all files unless given."""
