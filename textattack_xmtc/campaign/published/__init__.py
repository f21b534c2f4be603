"""The attack as the paper's published script runs it."""
