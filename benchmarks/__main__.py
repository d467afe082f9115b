"""All benchmarks, the quick ones first."""

from benchmarks import command, loading, network, planning, studies, tiling, training

for benchmark in (command, planning, loading, network, tiling, training, studies):
    benchmark.main()
