"""Plugins: what other distributions offer, the rules of a block class, and the blocks of a project in progress."""
