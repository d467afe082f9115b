"""Stored arrays seen in another order, direction or composition of axes, without copies."""
