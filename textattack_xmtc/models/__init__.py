"""Extreme multilabel text classifiers: networks, training, model folders; and how any model becomes a victim."""
