"""All benchmarks, the quick ones first."""

from benchmarks import (
    command,
    fast,
    loading,
    network,
    planning,
    plugins,
    reading,
    recomputation,
    results,
    streaming,
    studies,
    tiling,
    training,
)

for benchmark in (
    command,
    planning,
    plugins,
    loading,
    reading,
    network,
    fast,
    tiling,
    streaming,
    recomputation,
    training,
    studies,
    results,
):
    benchmark.main()
