"""Runs the command line as `python -m unetkit.cli`."""

from unetkit.cli import main

main()
