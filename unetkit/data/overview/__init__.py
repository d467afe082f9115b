"""What a data set holds: counts, memory, and contact sheets."""
