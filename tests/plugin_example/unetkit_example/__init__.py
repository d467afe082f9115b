"""Blocks for unetkit, as another laboratory would ship them."""
