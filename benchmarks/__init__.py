"""unetkit against what one would write by hand, measured side by side: `python -m benchmarks`, or one of its modules.

Every number is a ratio, unetkit / other, of two measurements made one after the other, so that a busy machine slows
both; the order swaps from round to round. A table is printed, and everything is written to `benchmarks/results.json`.
"""
