"""Ablation studies: what is compared, the runs that it takes, and what their scores can bear."""
