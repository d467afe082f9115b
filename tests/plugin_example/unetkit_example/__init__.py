"""Blocks and a topology for unetkit, as another laboratory would ship them."""
