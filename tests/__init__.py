"""Tests. Each test process, and each process that it starts, computes on one thread."""

import os

# The models are so small that threads only wait for one another, and pytest-xdist keeps the cores busy. Libraries read
# this when they are loaded, so it stands before every import of them.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
