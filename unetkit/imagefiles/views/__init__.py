"""Views of stored arrays: nothing is computed but for the part that is read."""
