"""All benchmarks, the quick ones first."""

from benchmarks import command, loading, network, planning

for benchmark in (command, planning, loading, network):
    benchmark.main()
