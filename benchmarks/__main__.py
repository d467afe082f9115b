"""All benchmarks, the quick ones first."""

from benchmarks import command, loading, network, planning, plugins, reading, studies, tiling, training

for benchmark in (command, planning, plugins, loading, reading, network, tiling, training, studies):
    benchmark.main()
