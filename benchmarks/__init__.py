"""Speed of the parser against the floor: `python -m benchmarks.table` prints it, docs/performance.md explains it."""
