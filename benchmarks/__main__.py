"""All benchmarks, the quick ones first."""

from benchmarks import command, loading, network, planning, studies, tiling

for benchmark in (command, planning, loading, network, tiling, studies):
    benchmark.main()
