"""The folders that commands write: names inside them, locks, whole files, records, resuming, provenance, progress."""
