"""What reading official checkpoints takes: their weights, label names and settings. The architectures read the rest."""
