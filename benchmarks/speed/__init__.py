"""How fast attacks are, against written baselines: `make bench`, `make bench-check`; results in `results.md`."""
