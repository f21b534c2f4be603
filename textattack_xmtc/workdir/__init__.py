"""Folders that a command writes: locks, files written whole, records, progress."""
