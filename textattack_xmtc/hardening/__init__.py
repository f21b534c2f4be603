"""Adversarial training that costs about as much as training: attacks with gradients in the common loop."""
