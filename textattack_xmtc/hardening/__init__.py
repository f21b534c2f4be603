"""Adversarial training that costs about as much as training: cheap attacks, kept candidates, the common loop."""
