"""All benchmarks, the quick ones first."""

from benchmarks import command, loading, network, planning, tiling

for benchmark in (command, planning, loading, network, tiling):
    benchmark.main()
