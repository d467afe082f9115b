"""What a study compares: axes, their design, and one planned arm for each combination. No torch."""
