"""Extreme multilabel text classifiers: networks, training, model folders; and how any model becomes a victim."""

DEMO = "xmtc-demo"
"""The name of the demo victim (`textattack_xmtc.models.demo`), and of the masked LM that is kept with it."""
