"""Overviews of a data set: statistics, memory, and contact sheets."""
