"""Text collections with labels: readers, the corpus type, statistics, and the embedded corpus."""
