"""All benchmarks, the quick ones first."""

from benchmarks import command, loading, network, planning, plugins, studies, tiling, training

for benchmark in (command, planning, plugins, loading, network, tiling, training, studies):
    benchmark.main()
